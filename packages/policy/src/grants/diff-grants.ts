import type { Grant, Grants } from "./grants.js";

/** A scope that is gained or lost. */
export interface GrantChange extends Grant {
  /** True for a gained scope, false for a lost one. */
  readonly added: boolean;
}

/** Returns the changes between two sets of grants: the lost scopes first, then the gained ones, each in file order. */
export function diffGrants(before: Grants, after: Grants): GrantChange[] {
  const had = new Set(before.map(keyOf));
  const has = new Set(after.map(keyOf));
  return [
    ...before.filter((grant) => !has.has(keyOf(grant))).map((grant) => ({ ...grant, added: false })),
    ...after.filter((grant) => !had.has(keyOf(grant))).map((grant) => ({ ...grant, added: true })),
  ];
}

function keyOf({ identity, service, scope }: Grant): string {
  return `${identity} ${service} ${scope}`;
}
