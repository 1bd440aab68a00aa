import type { ServedManifest } from "./manifest.js";
import type { ServiceDefinition } from "./service.js";

/**
 * Makes the manifest of what a bot serves, services and methods by name: the same definitions give the same JSON, and so
 * the same hash.
 *
 * @param services - The definitions of the served services.
 * @returns The manifest, to be written with `JSON.stringify`.
 */
export function servedManifest(services: readonly ServiceDefinition[]): ServedManifest {
  const distinct = new Map(services.map((service) => [service.name, service]));
  return {
    version: 1,
    services: [...distinct.values()].sort(byName).map(({ name, owner, description, servedBy, via, methods }) => ({
      name,
      ...(owner !== undefined && { owner }),
      ...(description !== undefined && { description }),
      servedBy,
      ...(via?.length && { via }),
      methods: Object.values(methods)
        .map(({ path, kind, idempotency, policy }) => ({
          name: path.slice(path.lastIndexOf("/") + 1),
          path,
          kind,
          ...(idempotency !== undefined && { idempotency }),
          policy,
        }))
        .sort(byName),
    })),
  };
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : Number(a.name > b.name);
}
