import { isFarOff } from "../bars.js";
import type { Benchmark } from "../benchmark.js";
import { print, type Samples, summarize, transports } from "./figures.js";
import { measureMemory } from "./measure.js";

const partName = (transport: string, round: number) => `${transport}, round ${round}`;

/** The memory of a connection and of an idle bot, over the engine of our own and over that of grpc-js. */
export const memory: Benchmark = {
  summary: "of a connection and of an idle bot, over HTTP/2 of our own and over grpc-js",
  limitSeconds: 1_200,
  start({ bots = 200, rounds = 3, progress }) {
    const samples: Samples = { wire: [], "grpc-js": [] };
    return {
      parts: Array.from({ length: rounds }, (_, i) => transports.map((each) => partName(each, i + 1))).flat(),
      measure: (done) =>
        measureMemory({ bots, rounds, progress }, (transport, sample, round) => {
          samples[transport].push(sample);
          done(partName(transport, round));
        }),
      result() {
        const { rows, bars } = summarize(samples);
        return {
          ok: !bars.some(isFarOff),
          json: { benchmark: "memory", node: process.version, bots, rounds: samples["grpc-js"].length, rows, bars },
          text: print(samples, bots),
        };
      },
    };
  },
};
