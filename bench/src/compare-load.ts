import type { BenchmarkOptions, BenchmarkResult } from "./benchmark.js";
import { compare } from "./compare.js";
import type { Load } from "./load.js";
import { createReport, printReport } from "./report.js";

/** Puts every variant under the same load, and reports. */
export async function compareLoad(
  name: string,
  standard: Load,
  { rounds = 15, calls = standard.calls, inFlight = standard.inFlight, ...rest }: BenchmarkOptions,
): Promise<BenchmarkResult> {
  const load = { ...standard, calls, inFlight };
  const report = createReport(name, load, await compare({ load, rounds, warmUp: standard, ...rest }));
  return { json: report, text: printReport(report) };
}
