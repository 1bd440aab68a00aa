import { isFarOff } from "../bars.js";
import type { Benchmark } from "../benchmark.js";
import { roundName, roundNames } from "../round-names.js";
import { type PairedTurns, print, summarize } from "./figures.js";
import { measureTraces } from "./measure.js";

/** The pairs of turns of a round, under each load. */
const pairsOfTurns = 120;

const echo = { method: "echo", messages: 1, bytes: 100 } as const;

/** What an SDK of OpenTelemetry that samples nothing costs both ends of a call. */
export const traces: Benchmark = {
  summary: "an SDK of OpenTelemetry that samples nothing, and none, by turns in the same processes",
  start({ rounds = 5, calls = 1_000, inFlight, profileFolder, progress }) {
    const loads = [16, 1]
      .filter((each) => inFlight === undefined || each === inFlight)
      .map((each) => ({ ...echo, inFlight: each, calls: Math.ceil(each === 1 ? calls / 4 : calls) }));
    if (loads.length === 0) throw new Error("--in-flight is 16 or 1 here; leave it out for both.");
    const measured = loads.map((load) => ({ inFlight: load.inFlight, rounds: [] as PairedTurns[][] }));
    return {
      parts: roundNames(rounds),
      async measure(done) {
        // Each round has its own processes: the order in which V8 compiles stays with a process.
        for (let round = 1; round <= rounds; round++) {
          progress(`round ${round} of ${rounds}`);
          const turns = await measureTraces({ loads, pairsOfTurns, profileFolder });
          for (const [i, { rounds }] of measured.entries()) rounds.push(turns[i] ?? []);
          done(roundName(round));
        }
      },
      result() {
        const { rows, bars } = summarize(measured);
        return {
          ok: !bars.some(isFarOff),
          json: { benchmark: "traces", node: process.version, calls, rounds: measured[0]?.rounds.length, rows, bars },
          text: print(measured),
        };
      },
    };
  },
};
