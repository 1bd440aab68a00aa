import assert from "node:assert/strict";
import { spiffeId } from "@interlock/policy";
import { createRecorder, type Denial } from "./recorder.js";

describe("the recorder", () => {
  const denied = (more: Partial<Denial> = {}): Denial => ({
    at: 1,
    reason: "SCOPE_MISSING",
    method: "/a/B",
    caller: "spiffe://test/a",
    address: "",
    detail: "",
    ...more,
  });

  it("counts what is alike, and hands it over once", () => {
    const recorder = createRecorder();
    recorder.admitted("/a/B", "x", 1);
    recorder.admitted("/a/B", "x", 2);
    recorder.admitted("/a/B", "y", 3);
    recorder.denied(denied({ at: 4, caller: "x" }));
    assert.deepEqual(recorder.take(), [
      { method: "/a/B", caller: "x", actors: [], denial: "", count: 2, firstAt: 1, lastAt: 2 },
      { method: "/a/B", caller: "y", actors: [], denial: "", count: 1, firstAt: 3, lastAt: 3 },
      { method: "/a/B", caller: "x", actors: [], denial: "SCOPE_MISSING", count: 1, firstAt: 4, lastAt: 4 },
    ]);
    assert.deepEqual(recorder.take(), []);
  });

  it("counts by the actors and their order, of calls and of denials", () => {
    const recorder = createRecorder();
    const [gateway, front] = [spiffeId("test", "gateway/1"), spiffeId("test", "front/1")];
    const chains = [[gateway], [gateway, front], [front, gateway], [], [gateway, front]];
    for (const actors of chains) recorder.admitted("/a/B", "x", 1, actors);
    recorder.denied(denied({ caller: "x", actors: [gateway] }));
    assert.deepEqual(
      recorder.take().map(({ actors, denial, count }) => [actors.map((uri) => uri.slice(-9)), denial, count]),
      [
        [["gateway/1"], "", 1],
        [["gateway/1", "t/front/1"], "", 2],
        [["t/front/1", "gateway/1"], "", 1],
        [[], "", 1],
        [["gateway/1"], "SCOPE_MISSING", 1],
      ],
    );
  });

  it("counts each day in UTC by itself, and a call that comes late on the day that has begun", () => {
    const recorder = createRecorder();
    const midnight = Date.UTC(2030, 0, 2);
    for (const at of [midnight - 2, midnight - 1, midnight, midnight - 1, midnight + 1])
      recorder.admitted("/a/B", "x", at);
    assert.deepEqual(recorder.totals(), [{ method: "/a/B", denial: "", count: 5 }]);
    assert.deepEqual(
      recorder.take().map(({ count, firstAt, lastAt }) => [count, firstAt - midnight, lastAt - midnight]),
      [
        [2, -2, -1],
        [3, 0, 1],
      ],
    );
    recorder.admitted("/a/B", "x", midnight - 3_600_001); // The clock has been set back.
    assert.equal(recorder.take()[0]?.lastAt, midnight - 3_600_001);
  });

  it("reports each denial to all listeners", () => {
    const recorder = createRecorder();
    const told: Denial[] = [];
    const end = recorder.onDenial((denial) => told.push(denial));
    recorder.denied(denied());
    end();
    end();
    recorder.denied(denied());
    assert.equal(told.length, 1);
  });

  it("holds a bounded number of rows, and loses no count", () => {
    const recorder = createRecorder();
    for (let i = 0; i < 12_000; i++) recorder.denied(denied({ caller: `spiffe://test/${i}` }));
    recorder.denied(denied({ caller: "spiffe://test/0" }));
    const rows = recorder.take();
    assert.ok(rows.length <= 10_002, `${rows.length} rows`);
    assert.equal(
      rows.reduce((sum, row) => sum + row.count, 0),
      12_001,
    );
    assert.equal(rows.find((row) => row.caller === "spiffe://test/0")?.count, 2);
    assert.equal(rows.find((row) => row.method === "…")?.count, 2_000);
    recorder.admitted("/a/B", "x", 1);
    assert.equal(recorder.take().length, 1, "it starts anew");
  });
});
