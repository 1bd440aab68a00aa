import type { MethodKind, Policy, ServedService } from "@interlock/policy";
import type { AuditInputs } from "../inputs/inputs.js";
import type { SourcePlace } from "../inputs/project.js";
import { reflectedServices } from "./find-ports.js";

/** What project, manifests and other sources say of one method. */
export interface KnownMethod {
  readonly service: string;
  /** Empty when the methods of the service are not known. */
  readonly method: string;
  kind?: MethodKind;
  owner?: string | undefined;
  /** What the project declares. */
  declared?: { readonly policy: Policy; readonly place: SourcePlace };
  /** The distinct policies that processes serve, with the bots that do, the latest process first. */
  readonly served: { readonly policy: Policy; readonly bots: Set<string> }[];
}

/** Every method that is known from anywhere, by `package.Service/Method`; a service whose methods are not known by its name. */
export function collectMethods({ project, fleet, scan }: AuditInputs): Map<string, KnownMethod> {
  const methods = new Map<string, KnownMethod>();
  const services = new Set<string>();

  function method(service: string, name: string): KnownMethod {
    const key = name === "" ? service : `${service}/${name}`;
    const known = methods.get(key) ?? { service, method: name, served: [] };
    methods.set(key, known);
    if (name !== "") services.add(service);
    return known;
  }

  for (const service of project?.services ?? []) {
    for (const { name, kind, policy, place } of service.methods)
      Object.assign(method(service.name, name), { kind, owner: service.owner, declared: { policy, place } });
  }
  const latestFirst = [...(fleet?.processes ?? [])].sort((a, b) => b.startedAt - a.startedAt);
  for (const { bot, manifestHash } of latestFirst) {
    for (const service of fleet?.manifests.get(manifestHash) ?? []) addServed(service, bot, method);
  }
  for (const { method: path, denial } of fleet?.usage ?? []) {
    // What was denied may have any name that a caller invents.
    if (denial !== "" || path === "") continue;
    const [service = "", name = ""] = path.replace(/^\//, "").split("/");
    method(service, name);
  }
  for (const name of namedServices({ fleet, scan })) if (!services.has(name)) method(name, "");
  return methods;
}

/** The services that are known by their names: from reports, records, and reflection. */
function namedServices({ fleet, scan }: Pick<AuditInputs, "fleet" | "scan">): Set<string> {
  return new Set([
    ...(fleet?.processes ?? []).flatMap(({ services }) => services),
    ...(fleet?.servers ?? []).map(({ service }) => service),
    ...(scan?.ports ?? []).flatMap(reflectedServices),
  ]);
}

function addServed(service: ServedService, bot: string, method: (service: string, name: string) => KnownMethod): void {
  for (const { name, kind, policy } of service.methods) {
    const known = method(service.name, name);
    known.kind ??= kind;
    known.owner ??= service.owner;
    // Most processes serve the very object of one manifest; otherwise policies are compared as they are reported.
    const same = known.served.find((one) => one.policy === policy || isSame(one.policy, policy));
    if (same) same.bots.add(bot);
    else known.served.push({ policy, bots: new Set([bot]) });
  }
}

function isSame(a: Policy, b: Policy): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
