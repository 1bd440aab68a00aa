import type { Grant, Grants } from "./grants.js";

/** One scope gained or lost. */
export interface GrantChange extends Grant {
  /** True when gained, false when lost. */
  readonly added: boolean;
}

/** What changes from one set of grants to another: what is lost first, then what is gained, each in the file's order. */
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
