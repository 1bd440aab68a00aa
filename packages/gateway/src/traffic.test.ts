import assert from "node:assert/strict";
import type { Caller } from "@interlock/bot";
import { spiffeId } from "@interlock/policy";
import { createTraffic, type Interval, maximumFlows } from "./traffic.js";

describe("the traffic of a gateway", () => {
  let tick: () => void;
  let ticking: boolean;
  const every = (each: () => void) => {
    tick = each;
    ticking = true;
    return () => {
      ticking = false;
    };
  };
  const callerOf = (name: string) => ({ name, actors: [spiffeId("cafe", "gateway/9")] }) as unknown as Caller;
  const call = { method: "/a.B/C", code: 0, requestBytes: 10, responseBytes: 20, ms: 5 };
  const denial = {
    at: 0,
    reason: "SCOPE_MISSING",
    method: "/a.B/C",
    caller: "spiffe://cafe/x/1",
    address: "",
    detail: "",
  };

  it("adds up for those who watch, and begins anew in each interval", () => {
    const traffic = createTraffic(every);
    const seen: Interval[] = [];
    traffic.passed({ ...call, caller: callerOf("x/1") }); // Nobody watches.
    const stop = traffic.watch((interval) => seen.push(interval));
    traffic.denied(denial);
    for (const ms of [5, 7]) traffic.passed({ ...call, ms, caller: callerOf("x/1") });
    tick();
    tick();
    stop();
    const row = { caller: "x/1", method: "a.B/C" };
    assert.deepEqual(seen, [
      {
        flows: [
          {
            ...row,
            via: ["gateway/9"],
            code: "OK",
            reason: "",
            count: 2,
            requestBytes: 20n,
            responseBytes: 40n,
            totalMs: 12,
            longestMs: 7,
          },
          {
            ...row,
            via: [],
            code: "",
            reason: "SCOPE_MISSING",
            count: 1,
            requestBytes: 0n,
            responseBytes: 0n,
            totalMs: 0,
            longestMs: 0,
          },
        ],
        leftOut: 0,
      },
      { flows: [], leftOut: 0 },
    ]);
    assert.equal(ticking, false);
  });

  it("has at most 1,000 rows, and counts what is in none of them", () => {
    const traffic = createTraffic(every);
    const seen: Interval[] = [];
    traffic.watch((interval) => seen.push(interval));
    for (let i = 0; i < maximumFlows + 7; i++) traffic.passed({ ...call, caller: callerOf(`x/${i}`) });
    tick();
    assert.deepEqual([seen[0]?.flows.length, seen[0]?.leftOut], [maximumFlows, 7]);
  });
});
