import { isFarOff } from "./bars.js";
import type { BenchmarkOptions } from "./benchmark.js";
import { compare } from "./compare.js";
import type { Load } from "./load.js";
import { createMeasured } from "./measured.js";
import { createReport, printReport, type RatioBar } from "./report.js";
import { roundName, roundNames } from "./round-names.js";
import type { Run } from "./run.js";

/** A load, and the number of calls in a round that does not count. */
export type StandardLoad = Load & { readonly warmUpCalls: number };

/**
 * A run that puts every variant under the same loads, and compares the ratios with `bars`. `--in-flight` replaces the loads by
 * the first one with that many calls under way; `--calls` sets the calls of the first one, and the others follow.
 */
export function compareLoads(
  name: string,
  standard: readonly [StandardLoad, ...StandardLoad[]],
  bars: readonly RatioBar[],
  { rounds = 12, calls, inFlight, only, profileFolder, progress }: BenchmarkOptions,
): Run {
  const [first] = standard;
  const share = calls === undefined ? 1 : calls / first.calls;
  const loads = inFlight === undefined ? standard : [{ ...first, inFlight }];
  const measured = createMeasured(
    loads.map(({ warmUpCalls, ...load }) => ({
      load: { ...load, calls: Math.ceil(load.calls * share) },
      warmUp: { ...load, calls: Math.ceil(warmUpCalls * Math.min(1, share)) },
    })),
  );
  return {
    parts: roundNames(rounds),
    async measure(done) {
      let round = 0;
      await compare({ rounds, only, profileFolder, progress, onRound: () => done(roundName(++round)) }, measured);
    },
    result() {
      const report = createReport(name, measured, bars);
      return { ok: !report.bars.some(isFarOff), json: report, text: printReport(report) };
    },
  };
}
