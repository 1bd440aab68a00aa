import type { BenchmarkOptions } from "./benchmark.js";
import { compare } from "./compare.js";
import type { Load } from "./load.js";
import { createReport, printReport } from "./report.js";
import { roundName, roundNames } from "./round-names.js";
import type { Run } from "./run.js";
import { createSamples } from "./samples.js";

/** A run that puts every variant under the same load. `warmUpCalls` is the number of calls in a round that does not count. */
export function compareLoad(
  name: string,
  standard: Load & { readonly warmUpCalls: number },
  { rounds = 12, calls = standard.calls, inFlight = standard.inFlight, profileFolder, progress }: BenchmarkOptions,
): Run {
  const { warmUpCalls, ...usual } = standard;
  const load = { ...usual, calls, inFlight };
  const warmUp = { ...usual, calls: warmUpCalls };
  const samples = createSamples();
  return {
    parts: roundNames(rounds),
    async measure(done) {
      let round = 0;
      await compare(
        { load, rounds, warmUp, profileFolder, progress, onRound: () => done(roundName(++round)) },
        samples,
      );
    },
    result() {
      const report = createReport(name, load, samples);
      return { json: report, text: printReport(report) };
    },
  };
}
