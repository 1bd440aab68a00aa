import { type Severity, severities } from "../finding.js";
import type { AuditReport } from "../run-audit.js";

/** The maximum number of findings that are kept of a run. */
const maximumKept = 5_000;

/** The maximum number of rules that a kept run names. */
const maximumRules = 1_000;

/** The result of an audit as it is kept: what was found when. */
export interface KeptRun {
  /** In milliseconds since the epoch. */
  readonly at: number;
  /** The most severe first; at most 5,000. */
  readonly findings: readonly KeptFinding[];
  /** The ids of the rules that could not judge, for want of what they judge by. Default: none. */
  readonly notJudged?: readonly string[] | undefined;
}

/** A finding as it is kept. */
export interface KeptFinding {
  readonly fingerprint: string;
  readonly rule: string;
  readonly subject: string;
  readonly severity: Severity;
  readonly message: string;
}

/** Reduces a report to what is kept of it. */
export function toKeptRun({ at, findings, notJudged }: AuditReport): KeptRun {
  return {
    at,
    findings: findings.slice(0, maximumKept).map(toKeptFinding),
    notJudged: notJudged.map(({ rule }) => rule),
  };
}

/** Reduces a finding to what is kept of it. */
export function toKeptFinding({ fingerprint, rule, subject, severity, message }: KeptFinding): KeptFinding {
  return { fingerprint, rule, subject, severity, message };
}

/** Reads a kept run from JSON. Throws an error that says what is wrong with it. */
export function parseKeptRun(json: string): KeptRun {
  return checkKeptRun(JSON.parse(json));
}

/** Checks a kept run that was read from elsewhere. Throws an error that says what is wrong with it. */
export function checkKeptRun(given: unknown): KeptRun {
  const value = given as Partial<KeptRun> | null;
  if (typeof value?.at !== "number" || !Array.isArray(value.findings))
    throw new Error("it is no kept result of an audit");
  const { notJudged = [] } = value;
  if (!Array.isArray(notJudged) || notJudged.length > maximumRules || !notJudged.every((id) => typeof id === "string"))
    throw new Error("its rules are malformed");
  if (value.findings.length > maximumKept) throw new Error(`it has more than ${maximumKept} findings`);
  return {
    at: value.at,
    notJudged,
    findings: value.findings.map((finding: Partial<KeptFinding>, i) => {
      const { fingerprint, rule, subject, severity, message } = finding ?? {};
      const texts = [fingerprint, rule, subject, message].every((text) => typeof text === "string");
      if (!texts || !severities.includes(severity as Severity)) throw new Error(`finding ${i + 1} is incomplete`);
      return { fingerprint, rule, subject, severity, message } as KeptFinding;
    }),
  };
}
