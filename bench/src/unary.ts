import type { Benchmark } from "./benchmark.js";
import { compareLoads } from "./compare-loads.js";
import type { RatioBar } from "./report.js";

// Enough calls for each variant to collect its garbage several times a round, so that chance does not decide.
const many = { method: "echo", calls: 7_200, warmUpCalls: 2_400, messages: 1, inFlight: 16, bytes: 100 } as const;
const single = { ...many, calls: 2_160, warmUpCalls: 720, inFlight: 1 } as const;

const toGrpcJs = { of: "interlock", to: "grpc-js" } as const;
const toNone = { of: "interlock+otel", to: "interlock", at_most: 1.03 } as const;
const toGrpcGo = { of: "interlock", to: "grpc-go", aim: true } as const;

const bars: readonly RatioBar[] = [
  { figure: "client", ...toGrpcJs, in_flight: 16, at_most: 0.35 },
  { figure: "client", ...toGrpcJs, in_flight: 1, at_most: 0.6 },
  { figure: "server", ...toGrpcJs, in_flight: 16, at_most: 0.3 },
  { figure: "server", ...toGrpcJs, in_flight: 1, at_most: 0.3 },
  { figure: "throughput", ...toGrpcJs, in_flight: 16, at_least: 5 },
  { figure: "client", ...toNone, in_flight: 16 },
  { figure: "server", ...toNone, in_flight: 16 },
  { figure: "client", ...toNone, in_flight: 1 },
  { figure: "server", ...toNone, in_flight: 1 },
  { figure: "client", ...toGrpcGo, in_flight: 16, at_most: 1 },
  { figure: "server", ...toGrpcGo, in_flight: 16, at_most: 0.6 },
  { figure: "client", ...toGrpcGo, in_flight: 1, at_most: 1 },
  { figure: "server", ...toGrpcGo, in_flight: 1, at_most: 0.6 },
];

/** The cost of one small call. */
export const unary: Benchmark = {
  summary: "one message of 100 bytes each call, and a small answer; 16 in flight, and 1",
  limitSeconds: 1_200,
  start: (options) => compareLoads("unary", [many, single], bars, options),
};
