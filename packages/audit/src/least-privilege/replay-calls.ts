import { builtInGrants } from "@interlock/bot/internal";
import { type Grants, grantedScopes, narrowedScopes } from "@interlock/policy/grants";
import type { AuditInputs } from "../inputs/inputs.js";
import { type Period, periodOf, type Window } from "../period.js";
import { collectBots } from "./bot-facts.js";
import { createNeeds, type GrantNeed } from "./call-needs.js";
import { collectPolicies, serviceOf } from "./method-policies.js";
import { type RecordedCalls, recordedCalls } from "./recorded-calls.js";

/** Recorded calls of one method by one caller, held against grants. */
export interface ReplayedCalls {
  readonly caller: string;
  /** The bots that acted for the caller, the one at the other end of the connection first. */
  readonly actors: readonly string[];
  readonly method: string;
  readonly count: number;
  readonly lastAt: number;
  /** What is missing; one way of several where there are several. Empty when it cannot be told. */
  readonly missing: readonly GrantNeed[];
}

/** Recorded calls held against grants. */
export interface Replay {
  readonly period: Period;
  /** The admitted calls of the period. */
  readonly calls: number;
  /** Those that the grants refuse, and the grants in force do not. */
  readonly refused: readonly ReplayedCalls[];
  /** Those that the grants in force refuse already. */
  readonly refusedAlready: readonly ReplayedCalls[];
  /** Those that the grants refuse, of callers or actors that have been retired since. */
  readonly ofRetired: readonly ReplayedCalls[];
  /** Those of methods whose policy is not known, where the caller would hold less than now. */
  readonly unknown: readonly ReplayedCalls[];
}

/**
 * Holds the calls that were admitted within a window against grants: which of them would have been refused. Each list has the
 * most frequent calls first.
 *
 * @param inputs - What is known. Without a fleet there are no calls.
 * @param grants - The grants to try.
 * @param window - Default: that of the inputs, or 30 days.
 */
export function replayCalls(inputs: AuditInputs, grants: Grants, window?: Window): Replay {
  const { now, fleet } = inputs;
  const period = periodOf(now, window ?? inputs.windowMs);
  const lists = {
    refused: [] as ReplayedCalls[],
    refusedAlready: [] as ReplayedCalls[],
    ofRetired: [] as ReplayedCalls[],
    unknown: [] as ReplayedCalls[],
  };
  if (!fleet) return { period, calls: 0, ...lists };
  const { admitted, attempted, earlier } = recordedCalls(fleet, period);
  const needsOf = createNeeds(collectPolicies(inputs), fleet, [...admitted, ...attempted, ...earlier]);
  const [tried, inForce] = [createHolds(grants), createHolds(fleet.grants)];
  const bots = collectBots(fleet);
  const isRetired = (name: string) => bots.of(name)?.retiredAt !== undefined;

  for (const calls of merged(admitted)) {
    const { caller, actors, method, count, lastAt } = calls;
    const needs = needsOf(calls);
    const listed = (missing: readonly GrantNeed[]) => ({ caller, actors, method, count, lastAt, missing });
    if (!needs) {
      const service = serviceOf(method);
      const now = inForce.scopes(caller, service);
      if ([...now].some((scope) => !tried.scopes(caller, service).has(scope))) lists.unknown.push(listed([]));
      continue;
    }
    const missing = tried.missing(needs);
    if (missing.length === 0) continue;
    if (inForce.missing(needs).length > 0) lists.refusedAlready.push(listed(missing));
    else if ([caller, ...actors].some(isRetired)) lists.ofRetired.push(listed(missing));
    else lists.refused.push(listed(missing));
  }
  for (const list of Object.values(lists)) list.sort((a, b) => b.count - a.count || b.lastAt - a.lastAt);
  return { period, calls: admitted.reduce((sum, { count }) => sum + count, 0), ...lists };
}

/** Sums calls over the servers. */
function merged(calls: readonly RecordedCalls[]): RecordedCalls[] {
  const sums = new Map<string, RecordedCalls>();
  for (const each of calls) {
    const key = [each.method, each.caller, ...each.actors].join("\n");
    const sum = sums.get(key);
    if (!sum) sums.set(key, each);
    else {
      const [count, lastAt] = [sum.count + each.count, Math.max(sum.lastAt, each.lastAt)];
      sums.set(key, { ...sum, count, lastAt, firstAt: Math.min(sum.firstAt, each.firstAt) });
    }
  }
  return [...sums.values()];
}

/** What a bot holds at all: no record says what was asked for, so a condition is taken to be true of it. */
function scopesOf(grants: Grants, bot: string, service: string): ReadonlySet<string> {
  return new Set([...grantedScopes(grants, bot, service), ...narrowedScopes(grants, bot, service).keys()]);
}

interface Holds {
  scopes(bot: string, service: string): ReadonlySet<string>;
  /** What is missing of the needs, with the shortest of several ways. */
  missing(needs: {
    readonly all: readonly GrantNeed[];
    readonly oneOf: readonly (readonly GrantNeed[])[];
  }): GrantNeed[];
}

function createHolds(grants: Grants): Holds {
  const byService = new Map<string, Grants[number][]>();
  for (const grant of [...builtInGrants, ...grants]) {
    const known = byService.get(grant.service);
    if (known) known.push(grant);
    else byService.set(grant.service, [grant]);
  }
  const held = new Map<string, ReadonlySet<string>>();
  const scopes = (bot: string, service: string) => {
    const key = `${bot} ${service}`;
    const known = held.get(key) ?? scopesOf(byService.get(service) ?? [], bot, service);
    held.set(key, known);
    return known;
  };
  const lacking = (needs: readonly GrantNeed[]) =>
    needs.filter(({ bot, service, scope }) => !scopes(bot, service).has(scope));
  return {
    scopes,
    missing({ all, oneOf }) {
      const ways = oneOf.map(lacking).sort((a, b) => a.length - b.length);
      return [...lacking(all), ...(ways[0] ?? [])];
    },
  };
}
