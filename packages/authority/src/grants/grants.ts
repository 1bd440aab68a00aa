import { matchesIdentity, type Scope } from "@interlock/policy";

/** One scope that whoever matches an identity pattern may hold at one service. */
export interface Grant {
  /** An identity pattern, for example `coffee/*`. */
  readonly identity: string;
  /** The full name of a service. */
  readonly service: string;
  readonly scope: Scope;
}

/** Who may hold which scope at which service: a set of grants. */
export type Grants = readonly Grant[];

/** The scopes that the bot called `name` may hold at `service`: those of all patterns that it matches. */
export function grantedScopes(grants: Grants, name: string, service: string): ReadonlySet<Scope> {
  const matching = grants.filter((grant) => grant.service === service && matchesIdentity(grant.identity, name));
  return new Set(matching.map((grant) => grant.scope));
}
