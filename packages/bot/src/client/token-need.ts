import type { AnyMethod } from "@interlock/policy";

/**
 * The token that the calls of a method need: one with the scopes of the method, and no others. Methods of a service with the
 * same scopes share their tokens, so a client has as many tokens as there are different sets of scopes among the methods
 * that it calls.
 */
export interface TokenNeed {
  /** The scopes, each once, in order. */
  readonly scopes: readonly string[];
  /** The same for the same scopes. */
  readonly key: string;
}

/** Returns what the calls of a method need; `undefined` for a method that any bot may call, which needs no token. */
export function tokenNeedOf({ policy }: Pick<AnyMethod, "policy">): TokenNeed | undefined {
  if (policy.anyBot || policy.scopes.length === 0) return undefined;
  const scopes = [...new Set(policy.scopes)].sort();
  return { scopes, key: scopes.join(" ") };
}
