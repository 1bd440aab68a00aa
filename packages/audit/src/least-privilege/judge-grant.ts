import { delegateScope, exchangeScope } from "@interlock/bot/internal";
import { coversIdentity, identitiesOverlap, isFederatedName } from "@interlock/policy";
import { bareGrant, type Grant, type Grants } from "@interlock/policy/grants";
import type { Coverage } from "../coverage.js";
import type { Period } from "../period.js";
import { listText, plural, timeText } from "../text.js";
import type { BotFacts, BotIndex } from "./bot-facts.js";
import type { HeldSince } from "./grant-ages.js";
import type { GrantUse } from "./grant-use.js";
import type { MethodPolicies } from "./method-policies.js";

/**
 * The judgment of a grant. `used`: it stays. `unused`: every call is on record, and none needed it. `vanished`: its bots are gone, or
 * never came. `wildcard`: its pattern could be the names of the bots that used it. `young`: the grant, or a bot that has it, is
 * younger than the window. `operator`: it is a person's, and not judged. `unknown`: it cannot be told.
 */
export type Verdict = "used" | "unused" | "vanished" | "wildcard" | "young" | "operator" | "unknown";

/** A grant with its judgment. */
export interface JudgedGrant extends Grant {
  readonly verdict: Verdict;
  /** Why, in a sentence. */
  readonly reason: string;
  /** Since when it has been in force without a break; the oldest version on record may hide an earlier time. */
  readonly heldSince: number;
  /** The calls of the window that needed it. */
  readonly calls: number;
  /** The last of them; absent for none. */
  readonly lastUsedAt?: number | undefined;
  /** The bots that used it within the window, in the order of their names: 100 at most. */
  readonly usedBy: readonly string[];
  /** For `wildcard`: what the pattern could be. */
  readonly names?: readonly string[] | undefined;
}

/** What a judgment rests on. */
export interface Evidence {
  readonly period: Period;
  readonly grants: Grants;
  readonly bots: BotIndex;
  readonly policies: MethodPolicies;
  readonly use: GrantUse;
  readonly coverage: (service: string) => Coverage;
  readonly heldSince: HeldSince;
  /** The names and patterns for which join tokens can still be used. */
  readonly invited: readonly string[];
  readonly includeOperators: boolean;
  readonly keepWildcards: boolean;
}

/** The maximum number of names that a pattern is replaced by. More are harder to read than the pattern. */
export const maximumNames = 20;

/** The maximum number of users of a grant that are listed. */
const maximumUsers = 100;

/**
 * How unlikely a record must be, if all bots of a pattern were alike, before the pattern is replaced by the names of those that used
 * the scope. Each day on which a bot used it is one draw.
 */
const maximumChance = 0.01;

/** The scope that allows nothing but look-ups in the directory, which are not counted by service. */
const directoryScope = "directory:read";

/** Judges a grant. */
export function judgeGrant(grant: Grant, evidence: Evidence): JudgedGrant {
  const { bots, use, heldSince } = evidence;
  const { identity, service, scope } = grant;
  const matching = bots.matching(identity);
  const uses = [...use.users(service, scope)].filter(([name]) => coversIdentity(identity, name));
  const facts = {
    heldSince: heldSince(grant),
    calls: uses.reduce((sum, [, { count }]) => sum + count, 0),
    lastUsedAt: uses.length > 0 ? Math.max(...uses.map(([, { lastAt }]) => lastAt)) : undefined,
    usedBy: uses.map(([name]) => name).sort(),
  };
  const { verdict, reason, names } = decide(grant, facts, matching, evidence);
  const usedBy = facts.usedBy.slice(0, maximumUsers);
  return { ...bareGrant(grant), verdict, reason, ...facts, usedBy, names };
}

type Facts = Pick<JudgedGrant, "heldSince" | "calls" | "lastUsedAt" | "usedBy">;
type Decision = Pick<JudgedGrant, "verdict" | "reason" | "names">;

function decide(grant: Grant, facts: Facts, matching: readonly BotFacts[], evidence: Evidence): Decision {
  const { period, includeOperators, bots, invited } = evidence;
  const { identity } = grant;
  const { from } = period;
  if (isFederatedName(identity))
    return verdict("unknown", "it is for bots of another trust domain, of which this fleet has no list");
  if (!includeOperators && isOperator(identity)) return verdict("operator", "operators use what they hold rarely");
  if (from !== undefined && facts.heldSince > from)
    return verdict("young", `it is in force since ${timeText(facts.heldSince)}, and the window begins before`);
  const present = matching.filter((bot) => !isGone(bot, period));
  // A bot that is there, and is invited again, is no newcomer.
  const awaited = invited.find(
    (name) => identitiesOverlap(name, identity) && !present.includes(bots.of(name) as BotFacts),
  );
  if (awaited !== undefined && facts.usedBy.length === 0)
    return verdict("young", `a bot is invited as ${awaited}, and has not joined`);
  if (present.length === 0) return judgeVanished(grant, facts, matching, evidence);
  const recent = present.find(({ since }) => from !== undefined && since > from);
  if (facts.usedBy.length > 0) return judgeUsed(grant, facts, { present, recent, awaited }, evidence);
  if (recent) return verdict("young", `${recent.name} is there only since ${timeText(recent.since)}`);
  const doubt = doubtOf(grant, matching, evidence);
  if (doubt !== undefined) return verdict("unknown", doubt);
  const people = includeOperators ? [] : present.map(({ name }) => name).filter(isOperator);
  if (people.length === 0) return verdict("unused", reasonOfUnused(grant, evidence));
  if (people.length > maximumNames) return verdict("operator", "operators have it, who use what they hold rarely");
  return { ...verdict("wildcard", `no bot used it, and only operators keep it`), names: people };
}

/** The bots of a grant that are there. */
interface Presence {
  readonly present: readonly BotFacts[];
  /** One of them that is younger than the window. */
  readonly recent: BotFacts | undefined;
  /** A name or pattern under which another one may still join. */
  readonly awaited: string | undefined;
}

/** A grant of which no bot is left. */
function judgeVanished(grant: Grant, facts: Facts, matching: readonly BotFacts[], evidence: Evidence): Decision {
  const [first] = matching;
  // A revocation can be lifted; a retired bot does not come back.
  if (facts.usedBy.some((name) => evidence.bots.of(name)?.retiredAt === undefined))
    return verdict("used", `${plural(facts.calls, "call")} needed it before its bots were gone`);
  // Those that could still call, and those that nobody knows: they may have called where calls are not counted.
  const isSure = first !== undefined && matching.every((bot) => cannotHaveCalled(bot, evidence.period));
  const doubt = isSure ? undefined : doubtOf(grant, matching, evidence);
  if (doubt !== undefined && facts.usedBy.length === 0) return verdict("unknown", doubt);
  if (first === undefined) return verdict("vanished", `${noBotOf(grant.identity)} has ever joined or reported`);
  if (matching.length > 1) return verdict("vanished", `each of the ${matching.length} bots is gone: ${whyGone(first)}`);
  return verdict("vanished", whyGone(first));
}

/** A grant that was used: its pattern may be too wide. */
function judgeUsed(
  grant: Grant,
  { usedBy, calls }: Facts,
  { present, recent, awaited }: Presence,
  evidence: Evidence,
): Decision {
  const { bots, use, includeOperators, keepWildcards } = evidence;
  const { identity, service, scope } = grant;
  const used = verdict("used", `${plural(calls, "call")} needed it`);
  if (!identity.includes("*") || keepWildcards) return used;
  const may = (why: string) => verdict("used", `${used.reason}; the pattern stays: ${why}`);
  if (awaited !== undefined) return may(`a bot is invited as ${awaited}`);
  if (recent) return may(`${recent.name} is there only since ${timeText(recent.since)}`);
  const doubt = doubtOf({ identity, service, scope }, present, {
    ...evidence,
    use: { ...use, streams: () => new Map() },
  });
  if (doubt !== undefined) return may(doubt);
  const open = [...use.streams(service, scope).keys()].filter((name) => coversIdentity(identity, name));
  const users = [...new Set([...usedBy, ...open])];
  const others = present.filter(({ name }) => !users.includes(name)).length;
  // A single bot is a name; several that all use it are what the pattern says.
  if (others === 0 && users.length > 1) return may("each of its bots uses it");
  const days = usedBy.reduce((sum, name) => sum + (use.users(service, scope).get(name)?.days ?? 0), 0);
  if (others > 0 && (users.length / (users.length + others)) ** days > maximumChance)
    return may(`${others} of its ${users.length + others} bots did not use it, which may be chance`);
  const people = includeOperators ? [] : present.map(({ name }) => name).filter(isOperator);
  const stay = users.filter((name) => bots.of(name)?.retiredAt === undefined);
  const names = [...new Set([...stay, ...people])].sort();
  if (names.length > maximumNames) return may(`${names.length} bots use it`);
  if (names.length === 0) return used;
  const rest = others === 0 ? "no other bot has it" : `${others} other${others === 1 ? "" : "s"} never needed it`;
  return { ...verdict("wildcard", `only ${listText(users.sort())} used it, and ${rest}`), names };
}

/** Why it cannot be told that nobody used a grant. */
function doubtOf(
  { identity, service, scope }: Grant,
  bots: readonly BotFacts[],
  evidence: Evidence,
): string | undefined {
  const { policies, use, coverage, grants } = evidence;
  if (scope === delegateScope) return "delegations are not counted by service";
  if (scope === directoryScope) return "look-ups in the directory are not counted by service";
  for (const [name, method] of use.unjudged(service)) {
    if (coversIdentity(identity, name)) return `${name} calls ${method}, whose policy is not known`;
  }
  for (const [name, at] of use.streams(service, scope)) {
    if (coversIdentity(identity, name)) return `${name} may still have a stream open since ${timeText(at)}`;
  }
  if (scope !== exchangeScope) {
    if (!policies.has(service)) return `no manifest of ${service} is known`;
    return coverage(service).gaps[0];
  }
  // The use of this one is seen where the bot calls for others, which may be at each service where it may.
  const services = new Set(
    grants.filter((each) => each.scope === scope && reaches(each, bots)).map((each) => each.service),
  );
  for (const each of services.add(service)) {
    const [gap] = coverage(each).gaps;
    if (gap !== undefined) return each === service ? gap : `at ${each}: ${gap}`;
  }
  return undefined;
}

function reaches({ identity }: Grant, bots: readonly BotFacts[]): boolean {
  return bots.some(({ name }) => coversIdentity(identity, name));
}

function reasonOfUnused({ service, scope }: Grant, { period, policies }: Evidence): string {
  if (scope === exchangeScope) return "its bots acted for no caller";
  if (!policies.needs(service, scope)) return `no method of ${service} needs it`;
  return period.from === undefined ? "no call on record needed it" : `no call since ${timeText(period.from)} needed it`;
}

/** Whether a bot does not come back by itself: retired, revoked or not heard of throughout the period. */
function isGone({ retiredAt, revokedAt, lastSeenAt }: BotFacts, { from }: Period): boolean {
  return retiredAt !== undefined || revokedAt !== undefined || (from !== undefined && lastSeenAt < from);
}

/** Whether a bot has had no valid certificate throughout the period. */
function cannotHaveCalled({ retiredAt, revokedAt, certificateExpiresAt }: BotFacts, { from = 0 }: Period): boolean {
  return [retiredAt, revokedAt, certificateExpiresAt].some((end) => end !== undefined && end < from);
}

function whyGone({ name, retiredAt, revokedAt, lastSeenAt }: BotFacts): string {
  if (retiredAt !== undefined) return `${name} has been retired on ${timeText(retiredAt)}`;
  if (revokedAt !== undefined) return `${name} has been revoked on ${timeText(revokedAt)}`;
  return `${name} has not been seen since ${timeText(lastSeenAt)}`;
}

/** Whether a name or pattern is of operators only. */
export function isOperator(identity: string): boolean {
  return coversIdentity("operator/**", identity);
}

function noBotOf(identity: string): string {
  return identity.includes("*") ? `no bot of ${identity}` : `no bot ${identity}`;
}

function verdict(verdict: Verdict, reason: string): Decision {
  return { verdict, reason };
}
