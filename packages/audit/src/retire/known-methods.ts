import type { MethodKind, Policy } from "@interlock/policy";
import { methodsOf } from "../facts/services.js";
import type { FleetProcess } from "../inputs/fleet.js";
import type { AuditInputs } from "../inputs/inputs.js";
import { isAuthoritys, isGrpcs } from "../own-services.js";
import { createMayServe } from "../served-services.js";

/** A method that a project declares, or a process serves. */
export interface KnownMethod {
  /** The full name of its service. */
  readonly service: string;
  /** `package.Service/Method`. */
  readonly name: string;
  readonly kind: MethodKind;
  /**
   * As the project declares it; otherwise as the process that started last serves it, with the latest sunset of all processes:
   * so no process alone can make a method look past its sunset that others serve.
   */
  readonly policy: Policy;
  /** All scopes that any of its versions needs. */
  readonly scopes: ReadonlySet<string>;
}

/**
 * Whether a service, or a method of one, is of those without which a fleet does not work. They are never retired, and every bot
 * calls them.
 */
export function isFundamental(name: string): boolean {
  const [service = ""] = name.split("/");
  return isAuthoritys(service) || isGrpcs(service);
}

/**
 * Finds the methods that the project declares and those that the processes on record serve, each once, by service. Services
 * of the authority itself and of gRPC are left out.
 */
export function knownMethods(inputs: AuditInputs): ReadonlyMap<string, readonly KnownMethod[]> {
  const { project, fleet } = inputs;
  const mayServe = createMayServe(inputs);
  const found = new Map<string, Map<string, KnownMethod>>();
  const declared = new Set(methodsOf(project?.services ?? []).map(({ subject }) => subject));
  const started = [...(fleet?.processes ?? [])].sort((a, b) => b.startedAt - a.startedAt);
  const sources = started.map((process) => ({ process, services: fleet?.manifests.get(process.manifestHash) ?? [] }));
  for (const { process, services } of [{ process: undefined, services: project?.services ?? [] }, ...sources]) {
    for (const { name: service, methods } of services) {
      if (isFundamental(service) || (process && !mayServe(process.bot, service))) continue;
      const known = found.get(service) ?? new Map<string, KnownMethod>();
      found.set(service, known);
      for (const { name, kind, policy } of methods) {
        const before = known.get(name);
        const scopes = new Set([...(before?.scopes ?? []), ...policy.scopes]);
        const isDeclared = declared.has(`${service}/${name}`);
        const counts = before && !isDeclared && process && !isReplaced(process, started);
        const judged = counts ? { ...before, policy: withLaterSunset(before.policy, policy) } : before;
        known.set(name, { policy, kind, service, ...judged, name: `${service}/${name}`, scopes });
      }
    }
  }
  return new Map([...found].map(([service, methods]) => [service, [...methods.values()]]));
}

/** Whether a process has ended, and its bot has had a later one. */
function isReplaced({ bot, stoppedAt, startedAt }: FleetProcess, all: readonly FleetProcess[]): boolean {
  return stoppedAt !== undefined && all.some((other) => other.bot === bot && other.startedAt > startedAt);
}

/** The first policy with the deprecation of the one whose sunset is later; none where one of them has no sunset. */
function withLaterSunset(policy: Policy, other: Policy): Policy {
  const [one, two] = [policy, other].map(({ deprecation }) => deprecation?.sunset);
  if (one === undefined || (two !== undefined && two <= one)) return policy;
  const { deprecation: _, ...rest } = policy;
  return { ...rest, ...(other.deprecation && { deprecation: other.deprecation }) };
}

/** When a method is past its sunset, the time of it in milliseconds since the epoch. */
export function pastSunset({ policy }: Pick<KnownMethod, "policy">, now: number): number | undefined {
  const sunset = Date.parse(policy.deprecation?.sunset ?? "");
  return now >= sunset ? sunset : undefined;
}
