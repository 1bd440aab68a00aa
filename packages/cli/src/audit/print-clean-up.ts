import { type CleanUp, dayText, type KeptFinding, plural } from "@interlock/audit";
import { type Output, paint } from "../output.js";
import { severityColors } from "./print-report.js";

/** Prints what has become of the findings. */
export function printCleanUp(
  output: Output,
  { since, runs, firstRunAt, appeared, newlyJudged, mended, notJudged, open, suppressed, toRetire }: CleanUp,
): void {
  const basis =
    firstRunAt === undefined
      ? "no earlier result was kept"
      : `${plural(runs, "kept result")}, the first of ${dayText(firstRunAt)}`;
  output.line(paint("bold", `Since ${dayText(since)}: ${basis}.`));
  section("To retire", toRetire, () => "");
  section("Mended", mended, ({ lastAt }) => `, last found ${dayText(lastAt)}`);
  section("New", appeared, ({ firstAt }) => `, first found ${dayText(firstAt)}`);
  section("Still open", open, () => "");
  if (newlyJudged.length > 0)
    section(
      "Not judged at the beginning, found now",
      newlyJudged,
      ({ firstAt }) => `, first found ${dayText(firstAt)}`,
    );
  if (notJudged.length > 0)
    section("Found before, not judged now", notJudged, ({ lastAt }) => `, last found ${dayText(lastAt)}`);
  if (suppressed.length > 0) section("Suppressed", suppressed, () => "");

  function section<F extends KeptFinding>(title: string, findings: readonly F[], when: (finding: F) => string): void {
    output.line();
    output.line(paint("bold", `${title}: ${findings.length}`));
    for (const finding of findings) {
      const { severity, message, rule } = finding;
      output.line(
        `  ${paint(severityColors[severity], severity)} ${message} ${paint("dim", `[${rule}${when(finding)}]`)}`,
      );
    }
  }
}
