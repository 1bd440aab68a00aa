import type { AdminReader } from "./admin-reader.js";

/** The daily audit of the fleet: the authority says when, and keeps the results. */
export interface DailyAudit {
  /**
   * Judges the fleet. It must not hold up this process: work of more than some milliseconds belongs in a thread. When it
   * rejects, that is logged, and it is called again after an hour.
   */
  judge(request: AuditRequest): Promise<AuditResult>;
  /**
   * How long after the start of the authority it is called first, in milliseconds, so that bots have reported. Default:
   * 300,000 (5 minutes).
   */
  readonly firstAfterMs?: number | undefined;
}

/** What a judgment is made from. */
export interface AuditRequest {
  /** The time of the judgment, in milliseconds since the epoch. */
  readonly now: number;
  readonly trustDomain: string;
  /** What the authority knows. */
  readonly admin: AdminReader;
  /** Aborted after 30 minutes, and when the authority closes. */
  readonly signal: AbortSignal;
}

/** A result, of which at most 5,000 findings and 1 MiB are kept. */
export interface AuditResult {
  /** The most severe first. */
  readonly findings: readonly AuditResultFinding[];
  /** How many findings are not among them. */
  readonly leftOut: number;
  /** How many findings there are of each severity, at most 16 severities. */
  readonly counts: Readonly<Record<string, number>>;
  /** The ids of the rules that could not judge, at most 1,000. */
  readonly notJudged: readonly string[];
}

/** A finding, as it is kept. */
export interface AuditResultFinding {
  /** What it is recognized by in later results. */
  readonly fingerprint: string;
  readonly rule: string;
  readonly subject: string;
  readonly severity: string;
  readonly message: string;
}
