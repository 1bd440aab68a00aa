import type { ServedService } from "@interlock/policy";
import { parseDocument } from "yaml";
import type { ServiceRoute } from "./routes.js";

/** What a file says of one service. */
export type NamedRoute = Pick<ServiceRoute, "addresses" | "servers" | "anyBot">;

/** What a file of routes says, before its manifests are read. */
export interface RoutesFile {
  /** Paths of manifests, relative to the file. */
  readonly manifests: readonly string[];
  /** By the full name of the service; absent where all services of the manifests are passed on. */
  readonly services: ReadonlyMap<string, NamedRoute> | undefined;
}

/** The largest file that is read, in bytes, and the most services that it may name. */
export const maximumFileBytes = 1_048_576;
export const maximumServices = 1_000;

/**
 * Reads a file of routes:
 *
 * ```yaml
 * manifests: [gen/interlock.manifest.json]
 * services:                                # Default: all of the manifests.
 *   cafe.gripper.v1.GripperService: {}     # at the bots that the directory knows
 *   cafe.coffee.v1.CoffeeService:
 *     addresses: ["10.0.0.7:50051"]
 *     servers: ["coffee/*"]                # Default: served_by of the service.
 *     any_bot: true                        # Pass its methods that any bot may call, in the gateway's name. Default: false.
 * ```
 *
 * @throws A `TypeError` that names every fault.
 */
export function parseRoutes(text: string): RoutesFile {
  if (Buffer.byteLength(text) > maximumFileBytes) throw faulty([`it has more than ${maximumFileBytes} bytes`]);
  const document = parseDocument(text, { uniqueKeys: true });
  if (document.errors.length > 0) throw faulty(document.errors.map(({ message }) => message.split("\n")[0] as string));
  const faults: string[] = [];
  const read: unknown = document.toJS({ maxAliasCount: 0 });
  if (!isRecord(read)) throw faulty(["it is no mapping with manifests and services"]);
  for (const key of Object.keys(read))
    if (key !== "manifests" && key !== "services") faults.push(`there is no "${key}"`);
  const manifests = textsIn(read, "manifests", "the file", faults) ?? [];
  if (manifests.length === 0) faults.push("manifests is missing: name the files that `interlock generate` wrote");
  const { services } = read;
  let named: Map<string, NamedRoute> | undefined;
  if (services !== undefined) {
    if (!isRecord(services)) throw faulty([...faults, "services is no mapping of names"]);
    if (Object.keys(services).length > maximumServices)
      throw faulty([`it names more than ${maximumServices} services`]);
    named = new Map(Object.entries(services).map(([name, route]) => [name, routeOf(name, route ?? {}, faults)]));
  }
  if (faults.length > 0) throw faulty(faults);
  return { manifests, services: named };
}

/**
 * Puts the services of manifests to the routes of a file.
 *
 * @throws A `TypeError` that names every service of the file that no manifest has.
 */
export function routesOf(file: RoutesFile, services: readonly ServedService[]): readonly ServiceRoute[] {
  const known = new Map(services.map((service) => [service.name, service]));
  if (!file.services) return [...known.values()].map((service) => ({ service }));
  const faults: string[] = [];
  const routes = [...file.services].flatMap(([name, route]) => {
    const service = known.get(name);
    if (!service) faults.push(`no manifest has ${name}`);
    return service ? [{ service, ...route }] : [];
  });
  if (faults.length > 0) throw faulty(faults);
  return routes;
}

/** Reads the route of one service: `addresses` and `servers`. */
export function routeOf(name: string, route: unknown, faults: string[]): NamedRoute {
  if (!isRecord(route)) {
    faults.push(`${name} is no mapping: write {} for a service that the directory knows`);
    return {};
  }
  for (const key of Object.keys(route)) {
    if (key !== "addresses" && key !== "servers" && key !== "any_bot") faults.push(`${name} has no "${key}"`);
  }
  const addresses = textsIn(route, "addresses", name, faults);
  const servers = textsIn(route, "servers", name, faults);
  const { any_bot: anyBot } = route;
  if (anyBot !== undefined && typeof anyBot !== "boolean") faults.push(`any_bot of ${name} is neither true nor false`);
  return { ...(addresses && { addresses }), ...(servers && { servers }), ...(anyBot === true && { anyBot }) };
}

/** Reads a list of texts; `undefined` where there is none. */
export function textsIn(
  from: Record<string, unknown>,
  key: string,
  what: string,
  faults: string[],
): string[] | undefined {
  const value = from[key];
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every((one) => typeof one === "string" && one !== "")) return value;
  faults.push(`${key} of ${what} is no list of texts`);
  return undefined;
}

/** Whether a value is a mapping. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function faulty(faults: readonly string[]): TypeError {
  return new TypeError(`The file of routes cannot be used:\n  ${faults.join("\n  ")}`);
}
