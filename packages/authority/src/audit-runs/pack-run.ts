import type { AuditRunResult } from "../store/audit-runs.js";
import type { AuditResult, AuditResultFinding } from "./daily-audit.js";

/** The maximum number of findings of one run that are kept. */
export const maximumKeptFindings = 5_000;

/** The maximum size of the kept findings of one run, in bytes of JSON. */
export const maximumKeptBytes = 1_048_576;

const maximumSeverities = 16;
const maximumRules = 1_000;
const severityName = /^[a-z]{1,16}$/;
const ruleId = /^[a-z0-9-]{1,64}$/;

/**
 * Writes the result of an audit as it is stored: the first findings, up to the bounds, and how many were left out. Throws a
 * `TypeError` for a result that is none.
 */
export function packRun(at: number, { findings, leftOut, counts, notJudged }: AuditResult): AuditRunResult {
  const severities = Object.entries(counts);
  const areCounts = severities.every(([name, count]) => severityName.test(name) && isCount(count));
  if (severities.length > maximumSeverities || !areCounts || !isCount(leftOut))
    throw new TypeError("the counts of the audit are malformed");
  if (notJudged.length > maximumRules || !notJudged.every((id) => ruleId.test(id)))
    throw new TypeError("the rules of the audit are malformed");
  const kept: string[] = [];
  let bytes = 2;
  for (const finding of findings.slice(0, maximumKeptFindings)) {
    const json = JSON.stringify(checked(finding));
    bytes += Buffer.byteLength(json) + 1;
    if (bytes > maximumKeptBytes) break;
    kept.push(json);
  }
  return {
    at,
    findings: `[${kept.join()}]`,
    leftOut: leftOut + findings.length - kept.length,
    counts: JSON.stringify(counts),
    notJudged: JSON.stringify(notJudged),
  };
}

function checked({ fingerprint, rule, subject, severity, message }: AuditResultFinding): AuditResultFinding {
  const finding = { fingerprint, rule, subject, severity, message };
  if (Object.values(finding).every((text) => typeof text === "string")) return finding;
  throw new TypeError("a finding of the audit is malformed");
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value < 2 ** 32;
}
