/** What an authority has done since it was started; for metrics. */
export interface AuthorityCounts {
  tokensIssued: number;
  /** Certificates that were issued, by what for. */
  readonly enrollments: { join: number; renewal: number };
}

/** Counts from nothing. */
export function createAuthorityCounts(): AuthorityCounts {
  return { tokensIssued: 0, enrollments: { join: 0, renewal: 0 } };
}
