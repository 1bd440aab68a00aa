import type { AuditResult } from "@interlock/authority";

/** What the thread of the daily audit begins with. */
export interface AuditTask {
  /** In milliseconds since the epoch. */
  readonly now: number;
  readonly trustDomain: string;
  /** The methods by which it may ask what is known. */
  readonly reads: readonly string[];
  /** The folder of a project whose files are judged, too. */
  readonly project: string | undefined;
}

/** What the thread says: a question, or its result, or why there is none. */
export type FromThread =
  | { readonly id: number; readonly method: string; readonly request: unknown }
  | { readonly result: AuditResult }
  | { readonly problem: string };

/** The answer to a question of the thread. */
export interface AuditAnswer {
  readonly id: number;
  readonly answer?: unknown;
  /** Why there is no answer. */
  readonly problem?: string;
}
