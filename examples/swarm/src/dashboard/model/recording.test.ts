import assert from "node:assert/strict";
import { moments, syntheticRun } from "../testing/synthetic-run.js";
import { createRecording } from "./recording.js";

const text = syntheticRun()
  .map((entry) => `${JSON.stringify(entry)}\n`)
  .join("");

describe("recording", () => {
  it("has the same state at a moment, forward and backward", () => {
    const recording = createRecording(text);
    assert.equal(recording.duration, moments.end);
    const [stop] = moments.stop;
    const forward = structuredClone(recording.at(stop - 1));
    assert.equal(recording.at(stop).state.safety?.latched, true);
    recording.at(moments.end);
    const back = recording.at(stop - 1);
    assert.deepEqual(back, forward);
    assert.equal(back.state.safety?.latched, false);
    assert.equal(back.now - back.state.startedAt, stop - 1);
  });

  it("marks the notable events", () => {
    const { marks } = createRecording(text);
    const at = (kind: string) => marks.filter((mark) => mark.kind === kind).map((mark) => mark.at);
    assert.deepEqual(at("stop"), [moments.stop[0]]);
    assert.deepEqual(at("away"), [moments.away[0]]);
    assert.equal(at("act").length, 12);
    assert.equal(at("denial").length, 7);
  });

  it("may be empty", () => {
    const { duration, at } = createRecording("");
    assert.equal(duration, 0);
    assert.equal(at(0).state.plan, undefined);
  });
});
