import assert from "node:assert/strict";
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
      { method: "/a/B", caller: "x", denial: "", count: 2, lastAt: 2 },
      { method: "/a/B", caller: "x", denial: "SCOPE_MISSING", count: 1, lastAt: 4 },
      { method: "/a/B", caller: "y", denial: "", count: 1, lastAt: 3 },
    ]);
    assert.deepEqual(recorder.take(), []);
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
