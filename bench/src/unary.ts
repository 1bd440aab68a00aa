import type { Benchmark } from "./benchmark.js";
import { compareLoad } from "./compare-load.js";

/** What one small call costs. */
export const unary: Benchmark = {
  summary: "one message of 100 bytes each call, and a small answer",
  run: (options) =>
    compareLoad(
      "unary",
      // So many that each variant collects its garbage several times a round, and not, by chance, once or twice.
      { method: "echo", calls: 7_200, warmUpCalls: 2_400, messages: 1, inFlight: 16, bytes: 100 },
      options,
    ),
};
