import type { BenchmarkOptions, BenchmarkResult } from "./benchmark.js";
import { compare } from "./compare.js";
import type { Load } from "./load.js";
import { createReport, printReport } from "./report.js";

/** Puts every variant under the same load, and reports. `warmUpCalls` is how many there are in a round that does not count. */
export async function compareLoad(
  name: string,
  standard: Load & { readonly warmUpCalls: number },
  { rounds = 12, calls = standard.calls, inFlight = standard.inFlight, ...rest }: BenchmarkOptions,
): Promise<BenchmarkResult> {
  const { warmUpCalls, ...usual } = standard;
  const load = { ...usual, calls, inFlight };
  const warmUp = { ...usual, calls: warmUpCalls };
  const report = createReport(name, load, await compare({ load, rounds, warmUp, ...rest }));
  return { json: report, text: printReport(report) };
}
