import type { Finding, Found } from "../finding.js";
import type { RuleFacts } from "../rule.js";
import { expiredSuppression, unusedSuppression } from "../rules/suppression-rules.js";
import { isAbout, isExpired, type Suppression } from "./suppression.js";

/** A finding that a suppression hides. */
export interface SuppressedFinding extends Finding {
  readonly reason: string;
  /** The first day on which it is reported again, `YYYY-MM-DD`. */
  readonly expires: string;
}

/** Findings after suppressions. */
export interface Suppressed {
  /** Those that are left, and those about the suppressions themselves. */
  readonly findings: readonly Finding[];
  readonly suppressed: readonly SuppressedFinding[];
}

/**
 * Hides the findings that suppressions are about, and finds the suppressions that have expired or hide nothing.
 *
 * @param judged - The ids of the rules that had all that they judge by; a suppression of another rule may hide nothing.
 */
export function applySuppressions(
  findings: readonly Finding[],
  suppressions: readonly Suppression[],
  judged: ReadonlySet<string>,
  now: number,
): Suppressed {
  const left: Finding[] = [];
  const hidden: SuppressedFinding[] = [];
  const used = new Set<Suppression>();
  for (const finding of findings) {
    const about = suppressions.filter((one) => isAbout(one, finding));
    for (const one of about) used.add(one);
    const valid = about.find((one) => !isExpired(one, now));
    if (valid) hidden.push({ ...finding, reason: valid.reason, expires: valid.expires });
    else left.push(finding);
  }
  for (const one of suppressions) {
    if (isExpired(one, now)) left.push(about(expiredSuppression, one, `has expired on ${one.expires}`));
    else if (!used.has(one) && judged.has(one.rule)) left.push(about(unusedSuppression, one, "hides nothing"));
  }
  return { findings: left, suppressed: hidden };
}

function about(
  { id, severity, remedy }: RuleFacts,
  { rule, subject, reason, place }: Suppression,
  what: string,
): Finding {
  const found: Found = {
    subject: `${rule} ${subject}`,
    message: `The suppression of ${rule} for ${subject} ${what}.`,
    evidence: [`Its reason was: ${reason}`],
    remedy,
    place,
  };
  return { ...found, rule: id, severity };
}
