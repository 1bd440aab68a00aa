import type { Benchmark } from "../benchmark.js";
import { printTable } from "../report.js";
import { measureRevocation, type TrialResult } from "./measure.js";

/** How long a stream lives on after its bot has been locked out. */
export const revocation: Benchmark = {
  summary: "from the answer to `revoke` to the end of a stream, with 1,000 bots connected",
  async run({ bots = 1_000, ...options }) {
    const revocations = Math.min(200, Math.ceil(bots / 2));
    const results = [
      { store: "sqlite", authorities: 1, ...(await measureRevocation({ bots, revocations, ...options })) },
    ];
    return {
      json: { benchmark: "revocation", node: process.version, bots, results },
      text: print(bots, results),
    };
  },
};

function print(bots: number, results: readonly ({ store: string; authorities: number } & TrialResult)[]): string {
  const rows = results.flatMap(({ store, authorities, single, pattern }) =>
    Object.entries({ "one by one": single, "by a pattern": pattern }).map(([how, { streams, codes, ...times }]) => [
      `${store}, ${authorities} ${authorities === 1 ? "authority" : "authorities"}, ${how}`,
      String(streams),
      ...Object.values(times).map((ms) => ms.toFixed(1)),
      Object.entries(codes)
        .map(([code, count]) => `${code} ${count}`)
        .join(", "),
    ]),
  );
  const title = `revocation: ${bots} bots, each with an open stream; from the call's return to the stream's end\n`;
  return `${title}\n${printTable([["", "streams", "p50 ms", "p99 ms", "max ms", "ended with"], ...rows])}`;
}
