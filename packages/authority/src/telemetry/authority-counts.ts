import { createHistogram, type Histogram } from "@interlock/bot/internal";

/** What an authority counts since its start, for metrics. */
export interface AuthorityCounts {
  /** Issued tokens. */
  tokensIssued: number;
  /** Issued certificates by their cause. */
  readonly enrollments: { join: number; renewal: number; recovery: number };
  /** How long transactions took in the store, with the wait for their turn. */
  readonly transactions: { readonly committed: Histogram; readonly failed: Histogram };
  /** The number of records in the audit log when it was last read; undefined before. */
  auditRecords: number | undefined;
  /** The latest daily audit: its time, and the number of findings by severity; undefined before. */
  audit: { readonly at: number; readonly findings: Readonly<Record<string, number>> } | undefined;
}

/** Creates counts of zero. */
export function createAuthorityCounts(): AuthorityCounts {
  return {
    tokensIssued: 0,
    enrollments: { join: 0, renewal: 0, recovery: 0 },
    transactions: { committed: createHistogram(), failed: createHistogram() },
    auditRecords: undefined,
    audit: undefined,
  };
}
