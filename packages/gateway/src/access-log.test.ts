import assert from "node:assert/strict";
import { type Caller, type LogFields, silentLog } from "@interlock/bot";
import { spiffeId } from "@interlock/policy";
import { createAccessLog } from "./access-log.js";

describe("the access log of a gateway", () => {
  const caller = { name: "x/1", actors: [spiffeId("cafe", "gateway/9")] } as unknown as Caller;
  const call = {
    caller,
    method: "/a.B/C",
    server: "127.0.0.1:1",
    code: 0,
    requestBytes: 1,
    responseBytes: 2,
    ms: 3.14,
  };
  let lines: LogFields[];
  const log = { ...silentLog, info: (_message: string, fields: LogFields = {}) => void lines.push(fields) };

  beforeEach(() => {
    lines = [];
  });

  it("has one of so many calls that went well, and each that did not", () => {
    const tell = createAccessLog(log, 10, () => 0);
    for (let i = 0; i < 20; i++) tell(call);
    tell({ ...call, code: 14 });
    assert.equal(lines.length, 3);
    assert.deepEqual(lines[2], {
      caller: "x/1",
      via: "gateway/9",
      method: "a.B/C",
      server: "127.0.0.1:1",
      code: "UNAVAILABLE",
      requestBytes: 1,
      responseBytes: 2,
      ms: 3.1,
    });
  });

  it("has none that went well for 0", () => {
    const tell = createAccessLog(log, 0, () => 0);
    tell(call);
    assert.equal(lines.length, 0);
  });

  it("has at most 200 lines a second, and says how many were left out", () => {
    let now = 0;
    const tell = createAccessLog(log, 1, () => now);
    for (let i = 0; i < 250; i++) tell(call);
    assert.equal(lines.length, 200);
    now = 1_000;
    tell(call);
    assert.equal(lines.at(-1)?.leftOut, 50);
    tell(call);
    assert.equal(lines.at(-1)?.leftOut, undefined);
  });
});
