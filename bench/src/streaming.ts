import type { Benchmark } from "./benchmark.js";
import { compareLoad } from "./compare-load.js";

/** The cost of one message of a server's stream. */
export const streaming: Benchmark = {
  summary: "server streams of 500 messages of 100 bytes each",
  start: (options) =>
    compareLoad(
      "streaming",
      { method: "repeat", calls: 64, warmUpCalls: 64, messages: 500, inFlight: 4, bytes: 100 },
      options,
    ),
};
