import type { AttemptedMethod } from "./attempt.js";
import type { Caller } from "./caller.js";

const none: readonly string[] = [];

/**
 * The conditions under which a caller holds the scopes of a method; all of them have to be true of each request. None where it
 * holds every scope for all requests.
 */
export function conditionsOf({ policy }: Pick<AttemptedMethod, "policy">, caller: Holder): readonly string[] {
  const { narrowed } = caller;
  if (!narrowed || narrowed.size === 0) return none;
  return policy.scopes.flatMap((scope) => narrowed.get(scope) ?? none);
}

/** What a caller or a token holds. */
export type Holder = Pick<Caller, "scopes" | "narrowed">;

/** Whether a scope is held, for every request or under conditions. */
export function holdsScope({ scopes, narrowed }: Holder, scope: string): boolean {
  return scopes.has(scope) || narrowed?.has(scope) === true;
}
