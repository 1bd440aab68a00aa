import type { Finding } from "./finding.js";
import { fingerprint } from "./fingerprint.js";

/** The maximum number of findings in a baseline. */
export const maximumBaselineEntries = 10_000;

/** The maximum size of a baseline, in characters. */
export const maximumBaselineLength = 8_388_608;

/** The fingerprints of the findings that were there when the baseline was written. */
export type Baseline = ReadonlySet<string>;

/** Writes a baseline as JSON, one finding a line, in an order that gives small differences. At most 10,000 findings. */
export function writeBaseline(findings: readonly Finding[]): string {
  if (findings.length > maximumBaselineEntries)
    throw new RangeError(
      `a baseline holds ${maximumBaselineEntries} findings at most, and these are ${findings.length}`,
    );
  const entries = findings
    .map(({ rule, subject }) => JSON.stringify({ fingerprint: fingerprint({ rule, subject }), rule, subject }))
    .sort();
  return `{"version":1,"findings":[${entries.map((entry) => `\n${entry}`).join(",")}\n]}\n`;
}

/** Reads a baseline. Throws an error that says what is wrong with it. */
export function parseBaseline(json: string): Baseline {
  if (json.length > maximumBaselineLength) throw new Error(`it is longer than ${maximumBaselineLength} characters`);
  const value = JSON.parse(json) as { version?: unknown; findings?: unknown };
  if (value?.version !== 1 || !Array.isArray(value.findings)) throw new Error("it is no baseline of version 1");
  if (value.findings.length > maximumBaselineEntries)
    throw new Error(`it has more than ${maximumBaselineEntries} findings`);
  return new Set(
    value.findings.map((entry: { fingerprint?: unknown }, i) => {
      if (typeof entry?.fingerprint !== "string") throw new Error(`finding ${i + 1} has no fingerprint`);
      return entry.fingerprint;
    }),
  );
}
