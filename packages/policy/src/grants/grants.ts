import { matchesIdentity } from "../identity-pattern.js";
import type { Scope } from "../scope.js";

/** A grant: one scope at one service for every bot that matches an identity pattern. */
export interface Grant {
  /** An identity pattern, for example `coffee/*`. */
  readonly identity: string;
  /** The full name of a service. */
  readonly service: string;
  /** The scope that a matching bot may hold at the service. */
  readonly scope: Scope;
}

/** A set of grants: which bots may hold which scope at which service. */
export type Grants = readonly Grant[];

/**
 * Returns the scopes that a bot may hold at a service: those of every pattern that its name matches.
 *
 * @param name The bot's name, for example `coffee/1`.
 * @param service The full name of the service.
 */
export function grantedScopes(grants: Grants, name: string, service: string): ReadonlySet<Scope> {
  const matching = grants.filter((grant) => grant.service === service && matchesIdentity(grant.identity, name));
  return new Set(matching.map((grant) => grant.scope));
}
