import { type AuditReport, type ReportedFinding, type Severity, severities } from "@interlock/audit";
import { type Output, paint } from "../output.js";

/** The colors of the levels of severity. */
export const severityColors: Readonly<Record<Severity, Parameters<typeof paint>[0]>> = {
  info: "dim",
  low: "cyan",
  medium: "yellow",
  high: "red",
  critical: "magenta",
};

/** Prints a report for people: each finding with its facts and its remedy, and what was not judged. */
export function printReport(output: Output, report: AuditReport): void {
  const { findings, leftOut, suppressed, notJudged, counts } = report;
  for (const finding of findings) printFinding(output, finding);
  if (leftOut > 0) output.line(paint("dim", `${leftOut} more of lower severity were left out.`));
  const parts = [...severities]
    .reverse()
    .flatMap((severity) =>
      counts[severity] === 0 ? [] : [paint(severityColors[severity], `${counts[severity]} ${severity}`)],
    );
  const old = findings.filter(({ isNew }) => !isNew).length;
  output.line(
    [
      parts.length === 0 ? paint("green", "Nothing found.") : `Found: ${parts.join(", ")}.`,
      ...(old > 0 ? [`${old} of them in the baseline.`] : []),
      ...(suppressed.length > 0 ? [`${suppressed.length} suppressed.`] : []),
    ].join(" "),
  );
  if (notJudged.length > 0) {
    const missing = [...new Set(notJudged.flatMap((one) => one.missing))].map((need) => needTexts[need]);
    output.line(paint("dim", `${notJudged.length} rules could not judge; not known: ${missing.join(", ")}.`));
  }
}

const needTexts = {
  project: "proto files",
  grantsFile: "a grants file",
  fleet: "the fleet",
  scan: "a scan (--scan)",
  log: "the audit log",
  joinTokens: "join tokens",
} as const;

function printFinding(output: Output, finding: ReportedFinding): void {
  const { severity, message, evidence, remedy, command, rule, place, isNew } = finding;
  const known = isNew ? "" : paint("dim", " (in the baseline)");
  output.line(`${paint(severityColors[severity], severity)} ${message} ${paint("dim", `[${rule}]`)}${known}`);
  if (place) output.line(paint("dim", `  ${place.file}:${place.line}`));
  for (const fact of evidence) output.line(`  ${fact}`);
  output.line(`  ${remedy}`);
  if (command !== undefined) output.line(`  ${paint("bold", command)}`);
  output.line();
}
