import assert from "node:assert/strict";
import { createSignOfLife } from "./sign-of-life.js";

describe("the sign of life of a bot", () => {
  it("is a report of the last three minutes, once the authority has run that long", () => {
    const minute = 60_000;
    let now = 10 * minute;
    const { since } = createSignOfLife({ now: () => now });
    assert.equal(since(), 0);
    now += 3 * minute - 1;
    assert.equal(since(), 0);
    now += 1;
    assert.equal(since(), 10 * minute);
  });
});
