import { resolve } from "node:path";
import { checkAddresses } from "@interlock/bot/internal";
import { expectedServers, isBotName, isIdentityPattern, type ServedService } from "@interlock/policy";
import { parseDocument } from "yaml";
import { isRecord, routeOf, textsIn } from "../routes/parse-routes.js";
import { completeRoutes, type ServiceRoute } from "../routes/routes.js";
import type { InboundOptions } from "./inbound.js";
import { readLocalAddress } from "./local-address.js";
import type { OutboundOptions } from "./outbound.js";
import type { SidecarOptions } from "./sidecar.js";

/** What the configuration of a sidecar says, before its manifests are read. */
export interface SidecarFile {
  /** The name of the bot that the program becomes, for example `scale/1`. */
  readonly name: string;
  /** `host:port` of the authority, or several with commas between; absent for the one that the bot joined last. */
  readonly authority: string | undefined;
  /** Where the join token is: in a variable of the environment, or in a file. */
  readonly joinToken: { readonly env: string } | { readonly file: string };
  /** The way in for a pod in Kubernetes, in place of a join token; see `JoinFleetOptions`. */
  readonly serviceAccount: { readonly tokenFile: string; readonly caFile: string } | undefined;
  /** The folder for identity and trust; absent for the default. */
  readonly stateDir: string | undefined;
  /** Paths of manifests. */
  readonly manifests: readonly string[];
  /** Calls to the program; `services` are full names. */
  readonly inbound: (Omit<InboundOptions, "services"> & { readonly services: readonly string[] }) | undefined;
  /** Calls of the program; `services` by their full names. */
  readonly outbound:
    | (Omit<OutboundOptions, "services"> & {
        readonly services: ReadonlyMap<string, Pick<ServiceRoute, "addresses" | "servers">>;
      })
    | undefined;
}

/** The largest file that is read, in bytes, and the most services that one direction may name. */
const maximumFileBytes = 262_144;
const maximumServices = 1_000;

const keys = {
  file: ["name", "authority", "joinToken", "serviceAccount", "stateDir", "manifests", "inbound", "outbound"],
  inbound: ["port", "host", "advertise", "program", "services", "logSample", "maximumCalls"],
  outbound: ["listen", "openToLocalUsers", "services", "logSample", "maximumCalls", "maximumConnections"],
} as const;

/**
 * Reads the configuration of a sidecar:
 *
 * ```yaml
 * name: scale/1
 * authority: auth.harbor.example:7443
 * joinToken: { file: /run/secrets/join-token } # Default: { env: INTERLOCK_JOIN_TOKEN }
 * manifests: [gen/interlock.manifest.json]
 * inbound:
 *   port: 50051
 *   program: unix:///run/scale/program.sock
 *   services: [harbor.scale.v1.ScaleService]
 * outbound:
 *   listen: unix:///run/scale/fleet.sock
 *   services:
 *     harbor.crane.v1.CraneService: {}
 * ```
 *
 * @param folder - What relative paths in it start from; so does `unix:name.sock`. Default: the working directory.
 * @throws A `TypeError` that names every fault.
 */
export function parseSidecar(text: string, folder = "."): SidecarFile {
  if (Buffer.byteLength(text) > maximumFileBytes) throw faulty([`it has more than ${maximumFileBytes} bytes`]);
  const document = parseDocument(text, { uniqueKeys: true });
  if (document.errors.length > 0) throw faulty(document.errors.map(({ message }) => message.split("\n")[0] as string));
  const read: unknown = document.toJS({ maxAliasCount: 0 });
  if (!isRecord(read)) throw faulty(["it is no mapping: begin with name, manifests, inbound and outbound"]);
  const faults: string[] = [];
  checkKeys(read, keys.file, "", faults);
  const name = textIn(read, "name", "", faults);
  if (name === undefined) faults.push("name is missing: write the name of the bot, for example scale/1");
  else if (!isBotName(name)) faults.push(`name: "${name}" is no bot name, such as scale/1`);
  const manifests = textsIn(read, "manifests", "the file", faults) ?? [];
  if (manifests.length === 0) faults.push("manifests is missing: name the files that `interlock generate` wrote");
  const stateDir = textIn(read, "stateDir", "", faults);
  const file: SidecarFile = {
    name: name ?? "",
    authority: textIn(read, "authority", "", faults),
    joinToken: readJoinToken(read.joinToken, folder, faults),
    serviceAccount: readServiceAccount(read.serviceAccount, folder, faults),
    stateDir: stateDir === undefined ? undefined : resolve(folder, stateDir),
    manifests: manifests.map((path) => resolve(folder, path)),
    inbound: readInbound(read.inbound, folder, faults),
    outbound: readOutbound(read.outbound, folder, faults),
  };
  if (read.inbound === undefined && read.outbound === undefined) {
    faults.push("inbound and outbound are missing: write one of them, for calls to the program, or of it");
  }
  if (faults.length > 0) throw faulty(faults);
  return file;
}

/**
 * Puts the services of manifests to the configuration of a sidecar.
 *
 * @throws A `TypeError` that names every service that no manifest has, or of which nothing says which bots serve it.
 */
export function sidecarOptions(
  { name: self, inbound, outbound }: SidecarFile,
  services: readonly ServedService[],
): SidecarOptions {
  const known = new Map(services.map((service) => [service.name, service]));
  const faults: string[] = [];
  const find = (name: string): ServedService[] => {
    const service = known.get(name);
    if (!service) faults.push(`no manifest has ${name}`);
    return service ? [service] : [];
  };
  const receives = inbound && { ...inbound, services: inbound.services.flatMap(find) };
  const calls = outbound && {
    ...outbound,
    services: [...outbound.services].flatMap(([name, route]) => find(name).map((service) => ({ service, ...route }))),
  };
  if (faults.length > 0) throw faulty(faults);
  if (calls) completeRoutes(calls.services, (service) => expectedServers(service, self));
  return { inbound: receives, outbound: calls };
}

function readJoinToken(value: unknown, folder: string, faults: string[]): SidecarFile["joinToken"] {
  const standard = { env: "INTERLOCK_JOIN_TOKEN" };
  if (value === undefined) return standard;
  if (isRecord(value) && Object.keys(value).length === 1) {
    const { env, file } = value;
    if (typeof env === "string" && env !== "") return { env };
    if (typeof file === "string" && file !== "") return { file: resolve(folder, file) };
  }
  faults.push("joinToken says where the token is, and is not the token: write { env: NAME } or { file: PATH }");
  return standard;
}

function readServiceAccount(value: unknown, folder: string, faults: string[]): SidecarFile["serviceAccount"] {
  if (value === undefined) return undefined;
  const { tokenFile, caFile } = isRecord(value) ? value : {};
  if (typeof tokenFile === "string" && typeof caFile === "string") {
    return { tokenFile: resolve(folder, tokenFile), caFile: resolve(folder, caFile) };
  }
  faults.push("serviceAccount needs tokenFile and caFile: write { tokenFile: PATH, caFile: PATH }");
  return undefined;
}

function readInbound(value: unknown, folder: string, faults: string[]): SidecarFile["inbound"] {
  if (value === undefined) return undefined;
  if (!isRecord(value)) {
    faults.push("inbound is no mapping: write port, program and services");
    return undefined;
  }
  checkKeys(value, keys.inbound, "inbound.", faults);
  const port = numberIn(value, "port", "inbound.", 0, 65_535, faults);
  if (value.port === undefined)
    faults.push("inbound.port is missing: write the port at which bots call, for example 50051");
  const services = textsIn(value, "services", "inbound", faults) ?? [];
  if (services.length === 0) faults.push("inbound.services is missing: write the full names of the program's services");
  for (const name of services.filter((one, i) => services.indexOf(one) !== i))
    faults.push(`inbound.services has ${name} twice`);
  return {
    port: port ?? 0,
    host: textIn(value, "host", "inbound.", faults),
    advertise: textIn(value, "advertise", "inbound.", faults),
    program: localIn(value, "program", "inbound.", folder, faults),
    services,
    logSample: numberIn(value, "logSample", "inbound.", 0, 1_000_000_000, faults),
    maximumCalls: numberIn(value, "maximumCalls", "inbound.", 1, 1_000_000, faults),
  };
}

function readOutbound(value: unknown, folder: string, faults: string[]): SidecarFile["outbound"] {
  if (value === undefined) return undefined;
  if (!isRecord(value)) {
    faults.push("outbound is no mapping: write listen and services");
    return undefined;
  }
  checkKeys(value, keys.outbound, "outbound.", faults);
  const listen = localIn(value, "listen", "outbound.", folder, faults);
  const { openToLocalUsers, services } = value;
  if (openToLocalUsers !== undefined && typeof openToLocalUsers !== "boolean") {
    faults.push("outbound.openToLocalUsers is neither true nor false");
  }
  if (listen !== "" && !listen.startsWith("unix:") && openToLocalUsers !== true) {
    const remedy = "write unix:///path, or openToLocalUsers: true";
    faults.push(
      `outbound.listen: every user of this machine reaches ${listen}, and calls in the name of the bot: ${remedy}`,
    );
  }
  let named = new Map<string, Pick<ServiceRoute, "addresses" | "servers">>();
  if (!isRecord(services) || Object.keys(services).length === 0) {
    faults.push("outbound.services is missing: write the full name of each service that the program calls, and {}");
  } else if (Object.keys(services).length > maximumServices) {
    faults.push(`outbound.services names more than ${maximumServices} services`);
  } else {
    named = new Map(Object.entries(services).map(([name, route]) => [name, readRoute(name, route ?? {}, faults)]));
  }
  return {
    listen,
    openToLocalUsers: openToLocalUsers === true,
    services: named,
    logSample: numberIn(value, "logSample", "outbound.", 0, 1_000_000_000, faults),
    maximumCalls: numberIn(value, "maximumCalls", "outbound.", 1, 1_000_000, faults),
    maximumConnections: numberIn(value, "maximumConnections", "outbound.", 1, 100_000, faults),
  };
}

function readRoute(name: string, value: unknown, faults: string[]): Pick<ServiceRoute, "addresses" | "servers"> {
  const route = routeOf(name, value, faults);
  try {
    if (route.addresses) checkAddresses(route.addresses);
  } catch (error) {
    faults.push(`addresses of ${name}: ${(error as Error).message.replace(/\.$/, "")}`);
  }
  for (const pattern of route.servers ?? []) {
    if (!isIdentityPattern(pattern))
      faults.push(`servers of ${name}: "${pattern}" is no identity pattern, such as crane/*`);
  }
  return route;
}

function checkKeys(from: Record<string, unknown>, known: readonly string[], where: string, faults: string[]): void {
  for (const key of Object.keys(from)) {
    if (!known.includes(key)) faults.push(`there is no "${where}${key}": write ${known.join(", ")}`);
  }
}

function textIn(from: Record<string, unknown>, key: string, where: string, faults: string[]): string | undefined {
  const value = from[key];
  if (value === undefined) return undefined;
  if (typeof value === "string" && value !== "") return value;
  faults.push(`${where}${key} is no text`);
  return undefined;
}

function localIn(from: Record<string, unknown>, key: string, where: string, folder: string, faults: string[]): string {
  const given = textIn(from, key, where, faults);
  const value = given?.replace(/^unix:(?=[^/])(.*)$/, (_, path: string) => `unix://${resolve(folder, path)}`);
  if (value === undefined) {
    if (from[key] === undefined) faults.push(`${where}${key} is missing: write unix:///path, or 127.0.0.1 and a port`);
    return "";
  }
  try {
    readLocalAddress(value);
  } catch (error) {
    faults.push(`${where}${key}: ${(error as Error).message.replace(/\.$/, "")}`);
  }
  return value;
}

function numberIn(
  from: Record<string, unknown>,
  key: string,
  where: string,
  least: number,
  most: number,
  faults: string[],
): number | undefined {
  const value = from[key];
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  faults.push(`${where}${key} is no whole number from ${least} to ${most}`);
  return undefined;
}

function faulty(faults: readonly string[]): TypeError {
  return new TypeError(`The configuration of the sidecar cannot be used:\n  ${faults.join("\n  ")}`);
}
