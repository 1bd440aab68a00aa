import type { Benchmark } from "./benchmark.js";
import { compareLoad } from "./compare-load.js";

/** The cost of one small call. */
export const unary: Benchmark = {
  summary: "one message of 100 bytes each call, and a small answer",
  start: (options) =>
    compareLoad(
      "unary",
      // Enough calls for each variant to collect its garbage several times a round, so that chance does not decide.
      { method: "echo", calls: 7_200, warmUpCalls: 2_400, messages: 1, inFlight: 16, bytes: 100 },
      options,
    ),
};
