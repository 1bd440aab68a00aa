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
  /** The places of its three parts. */
  readonly places: {
    readonly identity: Place;
    readonly service: Place;
    readonly scope: Place;
  };
}

/**
 * Makes the key of a grant in a map or a set.
 *
 * @param grant - The grant.
 * @returns The same text for the same identity pattern, service and scope, and no others.
 */
export function grantKey({ identity, service, scope }: Record<keyof Grant, string>): string {
  return `${identity} ${service} ${scope}`;
}

/** A set of grants: which bots may hold which scope at which service. */
export type Grants = readonly Grant[];

/**
 * Finds the scopes that a bot may hold at a service.
 *
 * @param grants - The grants in force.
 * @param name - The bot's name, for example `coffee/1`.
 * @param service - The full name of the service.
 * @returns The scopes of every pattern that the name matches.
 */
export function grantedScopes(grants: Grants, name: string, service: string): ReadonlySet<Scope> {
  const matching = grants.filter((grant) => grant.service === service && matchesIdentity(grant.identity, name));
  return new Set(matching.map((grant) => grant.scope));
}
