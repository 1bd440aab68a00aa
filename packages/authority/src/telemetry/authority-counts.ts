/** Counts since the start of an authority, for metrics. */
export interface AuthorityCounts {
  /** Issued tokens. */
  tokensIssued: number;
  /** Issued certificates by their cause. */
  readonly enrollments: { join: number; renewal: number };
}

/** Creates counts of zero. */
export function createAuthorityCounts(): AuthorityCounts {
  return { tokensIssued: 0, enrollments: { join: 0, renewal: 0 } };
}
