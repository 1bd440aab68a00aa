import type { Scope } from "./scope.js";

/** The levels of risk, from the lowest: the names of `interlock.policy.v1.Risk`, in lower case. */
export const risks = ["low", "medium", "high", "critical"] as const;

/** How much harm a wrongful call could do: one of {@link risks}. */
export type Risk = (typeof risks)[number];

/** The kinds of data: the names of `interlock.policy.v1.DataClass`, in lower case. */
export const dataClasses = ["public", "internal", "confidential", "personal", "secret"] as const;

/** A kind of data that a method reads or returns: one of {@link dataClasses}. */
export type DataClass = (typeof dataClasses)[number];

/** How often one caller may call one method: a token bucket. */
export interface Rate {
  /** Calls a second in the long run, above zero. */
  readonly perSecond: number;
  /** Calls that may come at once, at least 1. */
  readonly burst: number;
}

/** When a method goes away, and what to use instead. Days are `YYYY-MM-DD`, in UTC. */
export interface Deprecation {
  readonly since: string;
  /** The first day on which calls are refused; absent while undecided. */
  readonly sunset?: string;
  readonly replacement?: string;
}

/**
 * Who may call one method, and why it exists: the `(interlock.policy.v1.access)` option as the runtime sees it.
 * Either `anyBot` is true or `scopes` is not empty, never both.
 */
export interface Policy {
  /** The scopes a token must hold, every one of them. */
  readonly scopes: readonly Scope[];
  /** Any bot with a valid certificate may call, without a token. */
  readonly anyBot: boolean;
  readonly purpose: string;
  readonly risk: Risk;
  readonly dataClasses: readonly DataClass[];
  /** Identity patterns, one of which the caller has to match; empty for any caller. */
  readonly callers: readonly string[];
  readonly rate?: Rate;
  readonly deprecation?: Deprecation;
}
