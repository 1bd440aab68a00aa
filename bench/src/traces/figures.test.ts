import assert from "node:assert/strict";
import { type PairedTurns, summarize } from "./figures.js";

const turns = (server: number, client: number): PairedTurns => ({
  with: { server, client },
  without: { server: 10, client: 20 },
});

describe("the figures of traces", () => {
  it("are medians of the paired turns of a round, and of the rounds, with a bar for each end", () => {
    const rounds = [[turns(10, 20), turns(10.2, 21), turns(90, 90)], [turns(10.1, 22)], [turns(10.4, 20)]];
    const { rows, bars } = summarize([
      { inFlight: 16, rounds },
      { inFlight: 1, rounds: [] },
    ]);
    assert.deepEqual(rows, [
      { end: "server", in_flight: 16, with_us: 10.2, without_us: 10, ratio: 1.02, low: 1.01, high: 1.04 },
      { end: "client", in_flight: 16, with_us: 21, without_us: 20, ratio: 1.05, low: 1, high: 1.1 },
    ]);
    assert.deepEqual(
      bars.map(({ end, value, met }) => [end, value, met]),
      [
        ["server", 1.02, true],
        ["client", 1.05, false],
      ],
    );
  });
});
