import { type Grant, type Grants, grantKey } from "./grants.js";

/** A scope that is gained or lost. */
export interface GrantChange extends Grant {
  /** True for a gained scope, false for a lost one. */
  readonly added: boolean;
}

/**
 * Compares two sets of grants.
 *
 * @param before - The earlier grants.
 * @param after - The later grants.
 * @returns The changes: the lost scopes first, then the gained ones, each in file order.
 */
export function diffGrants(before: Grants, after: Grants): GrantChange[] {
  const had = new Set(before.map(grantKey));
  const has = new Set(after.map(grantKey));
  return [
    ...before.filter((grant) => !has.has(grantKey(grant))).map((grant) => ({ ...grant, added: false })),
    ...after.filter((grant) => !had.has(grantKey(grant))).map((grant) => ({ ...grant, added: true })),
  ];
}
