import type { Fleet } from "../inputs/fleet.js";
import type { Period } from "../period.js";
import type { NeedsOf } from "./call-needs.js";
import { type MethodPolicies, serviceOf } from "./method-policies.js";
import type { CallRecord, RecordedCalls } from "./recorded-calls.js";

/** The use of one scope at one service by one bot. */
export interface Use {
  /** Calls that needed it in the period. */
  readonly count: number;
  /** On how many days, at least. */
  readonly days: number;
  readonly lastAt: number;
}

/** Which bots have used which scopes. */
export interface GrantUse {
  /** The bots that have used a scope at a service within the period. */
  users(service: string, scope: string): ReadonlyMap<string, Use>;
  /** The bots that may still have a stream open that needs the scope, with the time of its begin before the period. */
  streams(service: string, scope: string): ReadonlyMap<string, number>;
  /** The bots that have called methods of the service whose policies are not known, each with such a method. */
  unjudged(service: string): ReadonlyMap<string, string>;
  /** The bots that have called methods of the service which take any bot. */
  anyBotCallers(service: string): ReadonlySet<string>;
}

type MutableUse = { -readonly [K in keyof Use]: Use[K] };

/** Collects the use from the record of calls. */
export function collectUse(
  { admitted, attempted, earlier }: CallRecord,
  needsOf: NeedsOf,
  policies: MethodPolicies,
  mayBeOpen: (calls: RecordedCalls) => boolean,
): GrantUse {
  const users = new Map<string, Map<string, MutableUse>>();
  const streams = new Map<string, Map<string, number>>();
  const unjudged = new Map<string, Map<string, string>>();
  const anyBotCallers = new Map<string, Set<string>>();
  for (const calls of [...admitted, ...attempted]) {
    const service = serviceOf(calls.method);
    const needs = needsOf(calls);
    if (!needs) within(unjudged, service).set(calls.caller, calls.method);
    if (policies.of(calls.method)?.anyBot !== false)
      anyBotCallers.set(service, (anyBotCallers.get(service) ?? new Set()).add(calls.caller));
    for (const { bot, service: at, scope } of [...(needs?.all ?? []), ...(needs?.oneOf.flat() ?? [])]) {
      const ofScope = within(users, `${at} ${scope}`);
      const use = ofScope.get(bot);
      if (!use) ofScope.set(bot, { count: calls.count, days: calls.days, lastAt: calls.lastAt });
      else {
        use.count += calls.count;
        use.days = Math.max(use.days, calls.days);
        use.lastAt = Math.max(use.lastAt, calls.lastAt);
      }
    }
  }
  for (const calls of earlier) {
    if (!policies.of(calls.method)?.streams || !mayBeOpen(calls)) continue;
    const { all = [], oneOf = [] } = needsOf(calls) ?? {};
    for (const { bot, service, scope } of [...all, ...oneOf.flat()])
      within(streams, `${service} ${scope}`).set(bot, calls.lastAt);
  }
  return {
    users: (service, scope) => users.get(`${service} ${scope}`) ?? new Map(),
    streams: (service, scope) => streams.get(`${service} ${scope}`) ?? new Map(),
    unjudged: (service) => unjudged.get(service) ?? new Map(),
    anyBotCallers: (service) => anyBotCallers.get(service) ?? new Set(),
  };
}

function within<V>(maps: Map<string, Map<string, V>>, key: string): Map<string, V> {
  const known = maps.get(key) ?? new Map<string, V>();
  maps.set(key, known);
  return known;
}

/** A stream that is open is counted on each day in UTC, some minutes after its begin: a count older than this is of a closed one. */
const countedMs = 26 * 3_600_000;

/**
 * Creates a function that says whether a stream may still be open since its last count: that was less than about a day ago, and
 * the process that serves it, and the one that opened it, have lived since then.
 */
export function createMayBeOpen({ processes }: Fleet, { from = 0, to }: Period): (calls: RecordedCalls) => boolean {
  const lives = new Map<string, { startedAt: number; lastSeenAt: number }[]>();
  for (const { bot, startedAt, lastSeenAt } of processes) {
    const known = lives.get(bot) ?? [];
    known.push({ startedAt, lastSeenAt });
    lives.set(bot, known);
  }
  const hasLived = (bot: string, since: number) =>
    lives.get(bot)?.some(({ startedAt, lastSeenAt }) => startedAt <= since && lastSeenAt >= from);
  // A bot that has never reported may have opened it.
  return ({ bot, caller, actors, lastAt }) =>
    lastAt >= to - countedMs && (hasLived(bot, lastAt) ?? false) && (hasLived(actors[0] ?? caller, lastAt) ?? true);
}
