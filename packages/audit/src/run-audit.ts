import type { Baseline } from "./baseline.js";
import { type Finding, type Severity, severities } from "./finding.js";
import { fingerprint } from "./fingerprint.js";
import type { AuditInputs } from "./inputs/inputs.js";
import { type NotJudged, notJudged } from "./not-judged.js";
import { rules } from "./rules/index.js";
import { applySuppressions, type SuppressedFinding } from "./suppressions/apply-suppressions.js";
import type { Suppression } from "./suppressions/suppression.js";
import { compareText } from "./text.js";

/** The maximum number of findings in a report. Those in the baseline are left out first, and then the least severe. */
export const maximumFindings = 5_000;

/** A finding in a report. */
export interface ReportedFinding extends Finding {
  /** Stable: see `fingerprint`. */
  readonly fingerprint: string;
  /** Whether the baseline lacks it; true without a baseline. */
  readonly isNew: boolean;
}

/** The result of an audit. */
export interface AuditReport {
  /** The time of the judgment, in milliseconds since the epoch. */
  readonly at: number;
  /** The most severe first, then by rule and subject; at most {@link maximumFindings}. */
  readonly findings: readonly ReportedFinding[];
  /** How many findings were left out. */
  readonly leftOut: number;
  /** How many findings there are of each severity, those left out included. */
  readonly counts: Readonly<Record<Severity, number>>;
  readonly suppressed: readonly (SuppressedFinding & { readonly fingerprint: string })[];
  /** The rules that could not judge, and what they lack. */
  readonly notJudged: readonly NotJudged[];
}

/** What the project has decided about findings. */
export interface Decisions {
  readonly suppressions?: readonly Suppression[] | undefined;
  readonly baseline?: Baseline | undefined;
}

/**
 * Runs every rule, and applies what the project has decided about the findings.
 *
 * @param inputs - What is known.
 * @param decisions - Suppressions and a baseline. Default: none.
 */
export function runAudit(inputs: AuditInputs, { suppressions = [], baseline }: Decisions = {}): AuditReport {
  const found = rules.flatMap((rule) =>
    rule.find(inputs).map((one): Finding => ({ ...one, rule: rule.id, severity: one.severity ?? rule.severity })),
  );
  const skipped = notJudged(rules, inputs);
  const unjudged = new Set(skipped.map(({ rule }) => rule));
  const judged = new Set(rules.map(({ id }) => id).filter((id) => !unjudged.has(id)));
  const { findings, suppressed } = applySuppressions(found, suppressions, judged, inputs.now);
  const sorted = findings
    .map((finding): ReportedFinding => {
      const own = fingerprint(finding);
      return { ...finding, fingerprint: own, isNew: !baseline?.has(own) };
    })
    .sort(worstFirst);
  return {
    at: inputs.now,
    findings: bounded(sorted),
    leftOut: Math.max(0, sorted.length - maximumFindings),
    counts: countOf(sorted),
    suppressed: suppressed
      .map((one) => ({ ...one, fingerprint: fingerprint(one) }))
      .sort(worstFirst)
      .slice(0, maximumFindings),
    notJudged: skipped,
  };
}

/** At most {@link maximumFindings}: those that are known already are left out first, so that they cannot hide a new one. */
function bounded(sorted: readonly ReportedFinding[]): readonly ReportedFinding[] {
  if (sorted.length <= maximumFindings) return sorted;
  const [fresh, known] = [true, false].map((isNew) => sorted.filter((one) => one.isNew === isNew));
  return [...(fresh ?? []), ...(known ?? [])].slice(0, maximumFindings).sort(worstFirst);
}

/** Whether a report has a new finding of at least a severity. */
export function failsAt({ findings }: AuditReport, least: Severity): boolean {
  return findings.some(({ severity, isNew }) => isNew && severities.indexOf(severity) >= severities.indexOf(least));
}

function countOf(findings: readonly Finding[]): Record<Severity, number> {
  const counts: Record<Severity, number> = { info: 0, low: 0, medium: 0, high: 0, critical: 0 };
  for (const { severity } of findings) counts[severity]++;
  return counts;
}

function worstFirst(a: Finding, b: Finding): number {
  const rank = severities.indexOf(b.severity) - severities.indexOf(a.severity);
  return rank || compareText(a.rule, b.rule) || compareText(a.subject, b.subject);
}
