import type { AuditReport } from "../run-audit.js";
import { type KeptFinding, type KeptRun, toKeptFinding, toKeptRun } from "./kept-run.js";

/** The rules about what is there and nobody needs. */
const retirable: ReadonlySet<string> = new Set([
  "listening-but-undeclared",
  "over-granted-bot",
  "past-sunset",
  "token-exchange-unused",
  "undeclared-service",
  "unused-method",
  "vanished-bot",
]);

/** What has become of the findings since a day: the page of the quarterly clean-up. */
export interface CleanUp {
  /** In milliseconds since the epoch. */
  readonly since: number;
  readonly until: number;
  /** How many kept runs it rests on, and the time of the first of them; absent for none. */
  readonly runs: number;
  readonly firstRunAt?: number | undefined;
  /** What was found since then and is still there, and when first. */
  readonly appeared: readonly FirstFound[];
  /** What is there, by rules that did not judge at the beginning: it may have been there. And when it was first found. */
  readonly newlyJudged: readonly FirstFound[];
  /** What is no longer found, and when last. */
  readonly mended: readonly LastFound[];
  /** What was found, by rules that do not judge now: it may still be there. And when it was last found. */
  readonly notJudged: readonly LastFound[];
  /** What was there before, and still is. */
  readonly open: readonly KeptFinding[];
  /** What was found, and is suppressed now. */
  readonly suppressed: readonly KeptFinding[];
  /** Of what is there: endpoints, bots and grants that nobody needs. */
  readonly toRetire: readonly KeptFinding[];
}

/** A finding, and when it was first found. */
export type FirstFound = KeptFinding & { readonly firstAt: number };

/** A finding, and when it was last found. */
export type LastFound = KeptFinding & { readonly lastAt: number };

/**
 * Compares the findings of now with kept runs. What was there at the beginning is told by the last run before `since`, or
 * else by the first one after it.
 */
export function cleanUp(runs: readonly KeptRun[], report: AuditReport, since: number): CleanUp {
  const sorted = [...runs].filter(({ at }) => at <= report.at).sort((a, b) => a.at - b.at);
  const start = sorted.findLast(({ at }) => at <= since) ?? sorted[0];
  const later = sorted.filter(({ at }) => start !== undefined && at >= start.at);
  const now = toKeptRun(report);
  const { first, last } = foundIn(later);
  const present = fingerprints(now.findings);
  const suppressed = fingerprints(report.suppressed);
  const atStart = fingerprints(start?.findings ?? []);
  const unjudgedAtStart = new Set(start?.notJudged);
  const unjudgedNow = new Set(now.notJudged);
  const added = now.findings
    .filter((one) => !atStart.has(one.fingerprint))
    .map((one) => ({ ...one, firstAt: first.get(one.fingerprint) ?? report.at }));
  const gone = last.filter(({ fingerprint }) => !present.has(fingerprint) && !suppressed.has(fingerprint));
  return {
    since,
    until: report.at,
    runs: later.length,
    firstRunAt: start?.at,
    appeared: added.filter(({ rule }) => !unjudgedAtStart.has(rule)),
    newlyJudged: added.filter(({ rule }) => unjudgedAtStart.has(rule)),
    mended: gone.filter(({ rule }) => !unjudgedNow.has(rule)),
    notJudged: gone.filter(({ rule }) => unjudgedNow.has(rule)),
    open: now.findings.filter((one) => atStart.has(one.fingerprint)),
    suppressed: last.filter(({ fingerprint }) => suppressed.has(fingerprint)).map(toKeptFinding),
    toRetire: now.findings.filter(({ rule }) => retirable.has(rule)),
  };
}

/** When each finding was first found, and each of them as it was last found. */
function foundIn(runs: readonly KeptRun[]): { first: Map<string, number>; last: LastFound[] } {
  const first = new Map<string, number>();
  const last = new Map<string, LastFound>();
  for (const { at, findings } of runs) {
    for (const finding of findings) {
      if (!first.has(finding.fingerprint)) first.set(finding.fingerprint, at);
      last.set(finding.fingerprint, { ...finding, lastAt: at });
    }
  }
  return { first, last: [...last.values()] };
}

function fingerprints(findings: readonly { readonly fingerprint: string }[]): Set<string> {
  return new Set(findings.map(({ fingerprint }) => fingerprint));
}
