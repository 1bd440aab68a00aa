import type { Benchmark } from "./benchmark.js";
import { compareLoads } from "./compare-loads.js";
import type { RatioBar } from "./report.js";

const load = { method: "repeat", calls: 64, warmUpCalls: 64, messages: 500, inFlight: 4, bytes: 100 } as const;

const bars: readonly RatioBar[] = [
  { figure: "client", of: "interlock", to: "grpc-js", in_flight: 4, at_most: 0.6 },
  { figure: "server", of: "interlock", to: "grpc-js", in_flight: 4, at_most: 0.6 },
  { figure: "client", of: "interlock", to: "grpc-go", in_flight: 4, at_most: 1, aim: true },
  { figure: "server", of: "interlock", to: "grpc-go", in_flight: 4, at_most: 0.6, aim: true },
];

/** The cost of one message of a server's stream. */
export const streaming: Benchmark = {
  summary: "server streams of 500 messages of 100 bytes each",
  limitSeconds: 1_200,
  start: (options) => compareLoads("streaming", [load], bars, options),
};
