import type { Scope } from "./scope.js";

/** The levels of risk, from the lowest: the names of `interlock.policy.v1.Risk`, in lower case. */
export const risks = ["low", "medium", "high", "critical"] as const;

/** How much harm a wrongful call could do: one of {@link risks}. */
export type Risk = (typeof risks)[number];

/** The kinds of data: the names of `interlock.policy.v1.DataClass`, in lower case. */
export const dataClasses = ["public", "internal", "confidential", "personal", "secret"] as const;

/** A kind of data that a method reads or returns: one of {@link dataClasses}. */
export type DataClass = (typeof dataClasses)[number];

/** Which calls wait for an operator: the names of `interlock.policy.v1.Approval`, in camel case. */
export const approvals = ["delegated", "everyCall"] as const;

/** Which calls of a method wait until an operator has approved them: one of {@link approvals}. */
export type Approval = (typeof approvals)[number];

/** The rate at which one caller may call one method: a token bucket. */
export interface Rate {
  /** Calls per second in the long run, above zero. */
  readonly perSecond: number;
  /** Calls at once, at least 1. */
  readonly burst: number;
}

/** The deprecation of a method. Days are `YYYY-MM-DD`, in UTC. */
export interface Deprecation {
  /** The day on which it was deprecated; absent where the proto says `deprecated = true` and no day. */
  readonly since?: string;
  /** The first day on which calls are refused; absent while it is undecided. */
  readonly sunset?: string;
  /** What to use instead: `package.Service/Method`, or `package.Service`. */
  readonly replacement?: string;
}

/**
 * The policy of one method: the `(interlock.policy.v1.access)` option at run time. Either `anyBot` is true, or `scopes`
 * is not empty, never both.
 */
export interface Policy {
  /** The scopes that a token must hold, all of them. */
  readonly scopes: readonly Scope[];
  /** Whether any bot with a valid certificate may call, without a token. */
  readonly anyBot: boolean;
  /** What the method is for, in one sentence. */
  readonly purpose: string;
  /** How much harm a wrongful call could do. */
  readonly risk: Risk;
  /** The kinds of data that the method reads or returns. */
  readonly dataClasses: readonly DataClass[];
  /**
   * Identity patterns of which the caller must match one; empty for any bot of the fleet's own trust domain. Bots of a federated
   * one are let in only where a pattern names them with their domain, for example `spiffe://partner.example/orders/*`.
   */
  readonly callers: readonly string[];
  /** The rate of one caller; absent for no limit. */
  readonly rate?: Rate;
  /** The deprecation; absent for a method that is not deprecated. */
  readonly deprecation?: Deprecation;
  /** The worst that could happen if the method were compromised, in one sentence; absent when not stated. */
  readonly worstCase?: string;
  /** The calls that wait until an operator has approved them, one by one; absent when none does. */
  readonly approval?: Approval;
}
