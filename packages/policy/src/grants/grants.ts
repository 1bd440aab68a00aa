import { matchesIdentity } from "../identity-pattern.js";
import type { Scope } from "../scope.js";

/**
 * A grant: one scope at one service for every bot that matches an identity pattern, for all requests or for those that a
 * condition is true of.
 */
export interface Grant {
  /** An identity pattern, for example `coffee/*`. */
  readonly identity: string;
  /** The full name of a service. */
  readonly service: string;
  /** The scope that a matching bot may hold at the service. */
  readonly scope: Scope;
  /** A CEL expression over the request message, for example `newtons <= 5`. Absent: the grant is for every request. */
  readonly where?: string | undefined;
}

/** A place in a grants file. */
export interface Place {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units. */
  readonly column: number;
  /** In UTF-16 code units, at least 1. */
  readonly length: number;
}

/** A grant with its places in the file. */
export interface LocatedGrant extends Grant {
  /** The places of its parts. */
  readonly places: {
    readonly identity: Place;
    readonly service: Place;
    readonly scope: Place;
    readonly where?: Place | undefined;
  };
}

/**
 * Makes the key of a grant in a map or a set.
 *
 * @param grant - The grant.
 * @returns The same text for the same identity pattern, service, scope and condition, and no others.
 */
export function grantKey({ identity, service, scope, where }: GrantText): string {
  return where === undefined ? `${identity} ${service} ${scope}` : `${identity} ${service} ${scope} where ${where}`;
}

/**
 * Takes a grant out of what has more than a grant has, with its condition.
 *
 * @param grant - The grant.
 * @returns Its parts, and nothing else.
 */
export function bareGrant({ identity, service, scope, where }: Grant): Grant {
  return { identity, service, scope, ...(where !== undefined && { where }) };
}

/** The parts of a grant as text. */
type GrantText = Record<"identity" | "service" | "scope", string> & Pick<Grant, "where">;

/** A set of grants: which bots may hold which scope at which service. */
export type Grants = readonly Grant[];

/**
 * Finds the scopes that a bot may hold at a service for every request. Those that it holds under a condition are not among
 * them; see {@link narrowedScopes}.
 *
 * @param grants - The grants in force.
 * @param name - The bot's name, for example `coffee/1`.
 * @param service - The full name of the service.
 * @returns The scopes of every pattern that the name matches.
 */
export function grantedScopes(grants: Grants, name: string, service: string): ReadonlySet<Scope> {
  return new Set(matching(grants, name, service).flatMap(({ scope, where }) => (where === undefined ? [scope] : [])));
}

/**
 * Finds the scopes that a bot may hold at a service under conditions only, with its condition: one of those of several grants.
 *
 * @param grants - The grants in force.
 * @param name - The bot's name, for example `coffee/1`.
 * @param service - The full name of the service.
 * @returns The condition of each such scope: a CEL expression over the request message.
 *
 * @example
 * ```ts
 * narrowedScopes(grants, "coffee/1", "cafe.v1.GripperService").get("gripper:actuate"); // "newtons <= 5"
 * ```
 */
export function narrowedScopes(grants: Grants, name: string, service: string): ReadonlyMap<Scope, string> {
  const held = matching(grants, name, service);
  const free = new Set(held.flatMap(({ scope, where }) => (where === undefined ? [scope] : [])));
  const conditions = new Map<Scope, Set<string>>();
  for (const { scope, where } of held) {
    if (where === undefined || free.has(scope)) continue;
    conditions.set(scope, (conditions.get(scope) ?? new Set()).add(where));
  }
  return new Map([...conditions].map(([scope, found]) => [scope, anyOf([...found].sort())]));
}

function anyOf(conditions: readonly string[]): string {
  const [first = "", ...more] = conditions;
  return more.length === 0 ? first : conditions.map((condition) => `(${condition})`).join(" || ");
}

function matching(grants: Grants, name: string, service: string): Grants {
  return grants.filter((grant) => grant.service === service && matchesIdentity(grant.identity, name));
}
