import { type Clock, InterlockError, type Log } from "@interlock/bot";
import type { Store } from "../store/store.js";
import { dayOf } from "../store/usage-days.js";
import type { AuthorityCounts } from "../telemetry/authority-counts.js";
import type { AdminReader } from "./admin-reader.js";
import type { AuditRequest, AuditResult, DailyAudit } from "./daily-audit.js";
import { packRun } from "./pack-run.js";

/** How often the schedule looks whether an audit is due, in milliseconds. */
const periodMs = 60_000;

/** How long after an audit that failed, or whose authority ended meanwhile, the next one begins, in milliseconds. */
export const retryMs = 3_600_000;

/** How long one audit may take, in milliseconds: less than the time after which another authority begins. */
const maximumMs = retryMs / 2;

/** What the schedule works with. */
export interface AuditScheduleOptions {
  readonly store: Store;
  readonly dailyAudit: DailyAudit;
  readonly admin: AdminReader;
  readonly trustDomain: string;
  readonly counts: Pick<AuthorityCounts, "audit">;
  readonly clock: Clock;
  readonly log: Log;
}

/** The daily audits of an authority. */
export interface AuditSchedule {
  /** Runs the audit if it is due. Never rejects. */
  turn(): Promise<void>;
  /** Aborts an audit that runs, and ends the schedule. */
  close(): Promise<void>;
}

/**
 * Audits the fleet once a day in UTC, and keeps the results. Of several authorities on one store, the first one that claims
 * the day runs it. A failure is one line in the log, and the next try is an hour later.
 */
export function startAuditSchedule(options: AuditScheduleOptions): AuditSchedule {
  const { store, dailyAudit, admin, trustDomain, counts, clock, log } = options;
  const firstAfterMs = dailyAudit.firstAfterMs ?? 300_000;
  const closing = new AbortController();
  let notBefore = clock.now() + firstAfterMs;
  let flight: Promise<void> | undefined;
  const first = setTimeout(turn, firstAfterMs + 10).unref();
  const timer = setInterval(turn, periodMs).unref();
  void turn();

  function turn(): Promise<void> {
    flight ??= runIfDue().finally(() => {
      flight = undefined;
    });
    return flight;
  }

  async function runIfDue(): Promise<void> {
    const now = clock.now();
    const day = dayOf(now);
    try {
      const latest = await readLatest();
      if (now < notBefore || latest === day || closing.signal.aborted) return;
      if (!(await store.transaction((records) => records.auditRuns.claim(day, now, now - retryMs)))) return;
      const result = await judge(now);
      const run = packRun(now, result);
      await store.transaction((records) => records.auditRuns.finish(day, now, run));
      await readLatest();
      log.info("fleet audited", { day, ...result.counts });
    } catch (error) {
      if (closing.signal.aborted) return;
      notBefore = now + retryMs;
      const { message, cause } = InterlockError.from(error);
      log.error("fleet not audited", { error: message, ...(cause instanceof Error && { cause: cause.message }) });
    }
  }

  /** Reads the counts of the latest result, which another authority may have stored. Resolves with its day. */
  async function readLatest(): Promise<string | undefined> {
    const latest = await store.auditRuns.latest();
    if (latest) counts.audit = { at: latest.at, findings: JSON.parse(latest.counts) as Record<string, number> };
    return latest?.day;
  }

  async function judge(now: number): Promise<AuditResult> {
    const late = new AbortController();
    const timeout = setTimeout(
      () => late.abort(new InterlockError("DEADLINE_EXCEEDED", "The audit took more than half an hour.")),
      maximumMs,
    ).unref();
    const signal = AbortSignal.any([closing.signal, late.signal]);
    const request: AuditRequest = { now, trustDomain, admin, signal };
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
    try {
      signal.throwIfAborted();
      return await Promise.race([dailyAudit.judge(request), aborted]);
    } finally {
      clearTimeout(timeout);
    }
  }

  return {
    turn,
    async close() {
      clearTimeout(first);
      clearInterval(timer);
      closing.abort();
      await flight;
    },
  };
}
