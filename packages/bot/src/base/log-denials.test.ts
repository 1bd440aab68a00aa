import assert from "node:assert/strict";
import { type Log, type LogFields, silentLog } from "./log.js";
import { allLinesRate, logDenials, ownLineRate } from "./log-denials.js";
import { createRecorder, type Denial } from "./recorder.js";

describe("logDenials", () => {
  function create() {
    const lines: [string, LogFields | undefined][] = [];
    const log: Log = { ...silentLog, warn: (message, fields) => void lines.push([message, fields]) };
    const recorder = createRecorder();
    return { lines, recorder, stop: logDenials(recorder, log) };
  }
  const denial: Denial = {
    at: 0,
    reason: "SCOPE_MISSING",
    method: "/a.B/C",
    caller: "spiffe://test/a",
    address: "a:1",
    detail: "x".repeat(1_000),
    callId: "0123456789abcdef",
  };

  it("logs what is refused: reason, method, caller, address, and the id of the call", () => {
    const { lines, recorder, stop } = create();
    recorder.denied(denial);
    recorder.denied({ ...denial, method: "", caller: "", reason: "NO_CERTIFICATE", callId: undefined });
    const { at: _, ...fields } = denial;
    const detail = "x".repeat(300);
    assert.deepEqual(lines, [
      ["call denied", { ...fields, detail }],
      ["connection refused", { reason: "NO_CERTIFICATE", caller: "", address: "a:1", detail }],
    ]);
    stop();
    recorder.denied(denial);
    assert.equal(lines.length, 2);
  });

  it("has few lines of one caller, counts the rest, and leaves out nothing of others", () => {
    const { lines, recorder, stop } = create();
    for (let i = 0; i < 100; i++) recorder.denied(denial);
    assert.equal(lines.length, ownLineRate.burst);
    recorder.denied({ ...denial, caller: "spiffe://test/b" });
    assert.equal(lines.at(-1)?.[1]?.untold, 100 - ownLineRate.burst);
    recorder.denied({ ...denial, at: 5 });
    stop();
    assert.deepEqual(lines.at(-1), ["more denials, which have no line of their own", { denials: 1 }]);
  });

  it("has few lines of many callers", () => {
    const { lines, recorder, stop } = create();
    for (let i = 0; i < 1_000; i++) recorder.denied({ ...denial, caller: `spiffe://test/${i}` });
    assert.equal(lines.length, allLinesRate.burst);
    stop();
    assert.equal(lines.at(-1)?.[1]?.denials, 1_000 - allLinesRate.burst);
  });
});
