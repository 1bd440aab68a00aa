import assert from "node:assert/strict";
import type { Outcome } from "./knock.js";
import { judge, type Verdict } from "./verdict.js";

type Step = readonly [outcome: Outcome, code: string, ownPort: number | undefined, verdict: Verdict];

describe("the verdict on a port", () => {
  const rows: Readonly<Record<string, readonly Step[]>> = {
    "another machine's listener is believed at once": [["open", "", undefined, "open"]],
    "a listener of this machine is confirmed": [
      ["open", "", 40_000, "again"],
      ["open", "", 40_001, "open"],
    ],
    "two attempts that have met each other are no listener": [
      ["open", "", 40_000, "again"],
      ["closed", "ECONNREFUSED", undefined, "closed"],
    ],
    "nor are they when one sees the other's reset": [
      ["open", "ECONNRESET", undefined, "again"],
      ["closed", "ECONNREFUSED", undefined, "closed"],
    ],
    "a listener that resets every connection is one": [
      ["open", "ECONNRESET", undefined, "again"],
      ["open", "EPIPE", undefined, "open"],
    ],
    "a queue that the first connection has filled is a listener's": [
      ["open", "", 40_000, "again"],
      ["silent", "ETIMEDOUT", undefined, "open"],
    ],
    "silence alone is neither": [["silent", "ETIMEDOUT", undefined, "silent"]],
    "a connection that meets itself is tried again, and then believed": [
      ["self", "", 50_051, "again"],
      ["self", "", 50_051, "again"],
      ["self", "", 50_051, "closed"],
    ],
    "a listener is found after a connection that met itself": [
      ["self", "", 50_051, "again"],
      ["open", "", 40_000, "again"],
      ["self", "", 50_051, "again"],
      ["open", "", 40_000, "open"],
    ],
    "an attempt without room says nothing": [
      ["busy", "EMFILE", undefined, "again"],
      ["open", "", 40_000, "again"],
      ["busy", "EMFILE", undefined, "again"],
      ["open", "", 40_000, "open"],
    ],
  };
  for (const [name, steps] of Object.entries(rows)) {
    it(name, () => {
      const doubts = { confirms: false, selves: 0 };
      assert.deepEqual(
        steps.map(([outcome, code, ownPort]) => judge(doubts, outcome, code, ownPort)),
        steps.map(([, , , verdict]) => verdict),
      );
    });
  }
});
