import assert from "node:assert/strict";
import { ago, clock, count, plural, shortLease, shortMethod, took } from "./format.js";

describe("format", () => {
  it("shortens times", () => {
    assert.deepEqual([-5, 999, 65_000, 7_199_000, 7_200_000, 172_800_000].map(clock), [
      ...["0:00", "0:00", "1:05", "119:59", "2 h", "2 d"],
    ]);
    assert.deepEqual([ago(-3), ago(4_400), ago(4_440, 1), ago(125_000)], ["0 s", "4 s", "4.4 s", "2:05"]);
    assert.deepEqual([took(0.4), took(42), took(3_120)], ["0 ms", "42 ms", "3.1 s"]);
  });

  it("groups digits, and distinguishes singular and plural", () => {
    assert.deepEqual([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1 000", "1 234 567"]);
    assert.deepEqual([plural(1, "robot"), plural(2_000, "robot")], ["1 robot", "2 000 robots"]);
  });

  it("shortens method names and fencing tokens", () => {
    assert.equal(shortMethod("/interlock.swarm.v1.OperatorService/SubmitTask"), "OperatorService/SubmitTask");
    assert.equal(shortMethod("/Bare/Method"), "Bare/Method");
    assert.equal(shortLease(`${(7n << 32n) | 12n}`), "7·12");
  });
});
