import { InterlockError } from "@interlock/bot";
import type { ManifestService } from "@interlock/policy";
import { listNames } from "./list-names.js";
import { readManifest } from "./read-manifest.js";

/**
 * Returns the full name of a service that is given by its full name or by the last part of it, which only the manifest of a
 * project explains. Rejects with `NOT_FOUND` when none or several match.
 */
export async function fullServiceName(name: string, manifest: string): Promise<string> {
  return name.includes(".") ? name : findService((await readManifest(manifest)).services, name).name;
}

/**
 * Returns the service with that full name, or else the one whose name ends with it.
 *
 * @throws InterlockError `NOT_FOUND` when none matches, or several do.
 */
export function findService(services: readonly ManifestService[], wanted: string): ManifestService {
  const exact = services.find(({ name }) => name === wanted);
  if (exact) return exact;
  const matching = services.filter(({ name }) => name.endsWith(`.${wanted}`));
  const [service] = matching;
  if (service && matching.length === 1) return service;
  throw matching.length > 1
    ? new InterlockError("NOT_FOUND", `There are several services called "${wanted}"; there are: ${namesOf(matching)}.`)
    : notFound("service", wanted, services);
}

/** The error for a service or a method that is not there. */
export function notFound(kind: "service" | "method", wanted: string, all: readonly { readonly name: string }[]) {
  const listed = listNames(
    wanted,
    all.map(({ name }) => name),
  );
  return new InterlockError("NOT_FOUND", `There is no ${kind} "${wanted}"${listed}.`);
}

function namesOf(all: readonly { readonly name: string }[]): string {
  return all.map(({ name }) => name).join(", ");
}
