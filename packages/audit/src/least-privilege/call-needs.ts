import { exchangeScope } from "@interlock/bot/internal";
import type { Fleet } from "../inputs/fleet.js";
import { type MethodPolicies, serviceOf } from "./method-policies.js";
import type { RecordedCalls } from "./recorded-calls.js";

/** A scope that a bot must be granted at a service. */
export interface GrantNeed {
  readonly bot: string;
  readonly service: string;
  readonly scope: string;
}

/** What grants a call needs. */
export interface CallNeeds {
  /** All of these. */
  readonly all: readonly GrantNeed[];
  /** And every need of one of these; empty for nothing more. */
  readonly oneOf: readonly (readonly GrantNeed[])[];
}

/** Says what grants calls need; `undefined` for a method whose policy is not known. */
export type NeedsOf = (calls: RecordedCalls) => CallNeeds | undefined;

/**
 * Creates the function. A call needs each scope of its method, granted to the caller, which is the subject of the token. A
 * bot that acts for the caller needs `token:exchange` at the called service, and at the service whose token it exchanged;
 * that token held the scopes, too, so the caller needs them there as well. Which service that was is not on record: it is one at
 * which the caller called the actor, or else any that the actor serves, or the called service itself.
 */
export function createNeeds(policies: MethodPolicies, fleet: Fleet, calls: readonly RecordedCalls[]): NeedsOf {
  const called = new Map<string, Set<string>>();
  for (const { bot, caller, actors, method } of calls) {
    const key = chainOf(bot, caller, actors);
    called.set(key, (called.get(key) ?? new Set()).add(serviceOf(method)));
  }
  const served = new Map<string, Set<string>>();
  const serves = (bot: string, service: string) => served.set(bot, (served.get(bot) ?? new Set<string>()).add(service));
  for (const { bot, service } of fleet.servers) serves(bot, service);
  for (const { bot, services } of fleet.processes) for (const service of services) serves(bot, service);

  return ({ method, caller, actors }) => {
    const policy = policies.of(method);
    if (!policy) return undefined;
    const service = serviceOf(method);
    const scopes = [...policy.scopes];
    const at = (where: string): GrantNeed[] => scopes.map((scope) => ({ bot: caller, service: where, scope }));
    const [actor, ...before] = actors;
    if (actor === undefined || scopes.length === 0) return { all: at(service), oneOf: [] };
    const exchange = (where: string): GrantNeed => ({ bot: actor, service: where, scope: exchangeScope });
    const recorded = called.get(chainOf(actor, caller, before));
    const places = recorded ?? new Set([...(served.get(actor) ?? []), service]);
    // With the caller's token for the called service itself, nothing more is needed.
    const ways = [...places].map((where) => (where === service ? [] : [exchange(where), ...at(where)]));
    return { all: [...at(service), exchange(service)], oneOf: ways };
  };
}

function chainOf(bot: string, caller: string, actors: readonly string[]): string {
  return [bot, caller, ...actors].join("\n");
}
