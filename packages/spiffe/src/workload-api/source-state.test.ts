import assert from "node:assert/strict";
import type { Identity, Log, LogFields } from "@interlock/bot";
import { createSourceState } from "./source-state.js";

describe("the state of a Workload API", () => {
  it("is told once for each kind of problem, again when the certificate has expired, and at its end", () => {
    const lines: (readonly [string, string, LogFields | undefined])[] = [];
    const write = (level: string) => (message: string, fields?: LogFields) => void lines.push([level, message, fields]);
    const log: Log = { info: write("info"), warn: write("warn"), error: write("error") };
    let now = 1_000_000;
    const identity = { leaf: { notAfter: 1_060_000 } } as Identity;
    const state = createSourceState("unix:///agent.sock", { now: () => now } as never, log);
    const changes: boolean[] = [];
    state.onChange((away) => changes.push(away));
    state.good();
    assert.deepEqual([state.awaySince, lines.length], [undefined, 0]);
    for (const kind of ["UNAVAILABLE", "UNAVAILABLE", "REFUSED", "UNAVAILABLE"]) {
      state.bad({ kind, message: `it is ${kind}` }, identity);
    }
    assert.equal(state.awaySince, 1_000_000);
    now = 1_060_000;
    for (let i = 0; i < 2; i++) state.bad({ kind: "UNAVAILABLE", message: "gone" }, identity);
    state.good();
    assert.deepEqual(
      lines.map(([level, message]) => [level, message]),
      [
        ["warn", "no identity comes from the Workload API, the last one stays until it expires"],
        ["warn", "no identity comes from the Workload API, the last one stays until it expires"],
        ["error", "certificate expired, and no other comes from the Workload API"],
        ["info", "identity comes from the Workload API again"],
      ],
    );
    assert.deepEqual(lines[0]?.[2], {
      endpoint: "unix:///agent.sock",
      problem: "it is UNAVAILABLE",
      expires: new Date(1_060_000).toISOString(),
    });
    assert.equal(lines.at(-1)?.[2]?.awaySeconds, 60);
    assert.deepEqual(changes, [true, false]);
    assert.equal(state.awaySince, undefined);
  });
});
