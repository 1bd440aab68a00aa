import assert from "node:assert/strict";
import { type Sample, summarize, type Weight } from "./figures.js";

const sample = (weight: Weight): Sample => ({
  connection: weight,
  call_connection: weight,
  idle_bot: weight,
  idle_server: weight,
});

describe("the figures of memory", () => {
  it("are medians in KB, with the ratio of the transports and its bar", () => {
    const wire = [1024, 3072, 2048].map((heap) => sample({ heap, rss: 4096 }));
    const { rows, bars } = summarize({ wire, "grpc-js": [sample({ heap: 1024, rss: 8192 })] });
    assert.deepEqual(rows[0], {
      thing: "connection",
      kb: { wire: { heap: 2, rss: 4 }, "grpc-js": { heap: 1, rss: 8 } },
      ratio: { heap: 2, rss: 0.5 },
    });
    assert.deepEqual(
      bars.slice(0, 2).map(({ figure, met }) => [figure, met]),
      [
        ["heap", false],
        ["rss", true],
      ],
    );
  });

  it("have no ratio where a process has not grown", () => {
    const shrunk = [sample({ heap: 1024, rss: -4096 })];
    const { rows, bars } = summarize({ wire: shrunk, "grpc-js": shrunk });
    assert.deepEqual(rows[0]?.ratio, { heap: 1, rss: undefined });
    assert.ok(bars.every(({ figure }) => figure === "heap"));
  });

  it("wait for both transports", () => {
    assert.deepEqual(summarize({ wire: [sample({ heap: 1, rss: 1 })], "grpc-js": [] }), { rows: [], bars: [] });
  });
});
