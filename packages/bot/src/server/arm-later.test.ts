import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { armLater } from "./arm-later.js";

describe("timers that are set later", () => {
  it("are set once, in the same turn of the event loop, after what it brings", async () => {
    const seen: string[] = [];
    const one = (name: string) => ({ arm: () => void seen.push(name) });
    armLater(one("first"));
    armLater(one("second"));
    await undefined;
    assert.deepEqual(seen, []);
    await setImmediate();
    assert.deepEqual(seen, ["first", "second"]);
    armLater(one("third"));
    await setImmediate();
    assert.deepEqual(seen, ["first", "second", "third"]);
  });
});
