import type { Policy } from "@interlock/policy";
import { comparePolicies } from "../compare-policies.js";

/**
 * Says in what a policy allows more than an earlier one: fewer scopes, any bot, more callers, a lower risk, a higher rate or
 * none. Each reason is a clause for the end of a sentence; none for a policy that is the same or tighter. A deprecation is no
 * part of it: what it allows ends on its own day.
 */
export function loosenings(before: Policy, after: Policy): string[] {
  return comparePolicies(withoutDeprecation(before), withoutDeprecation(after))
    .filter(({ direction }) => direction === "loosened")
    .map(({ text }) => `it ${text}`);
}

function withoutDeprecation({ deprecation: _, ...policy }: Policy): Policy {
  return policy;
}
