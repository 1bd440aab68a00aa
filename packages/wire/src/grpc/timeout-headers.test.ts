import assert from "node:assert/strict";
import { longestTimerMs, parseTimeout } from "./timeout.js";

describe("grpc-timeout", () => {
  it("is read in each unit", () => {
    const cases = { "1H": 3_600_000, "2M": 120_000, "3S": 3_000, "4m": 4, "5u": 0.005, "6n": 0.000_006, "0m": 0 };
    for (const [header, ms] of Object.entries(cases)) assert.equal(parseTimeout(header), ms, header);
    assert.equal(parseTimeout("99999999m"), 99_999_999);
  });

  it("is malformed with another form", () => {
    for (const header of ["", "5", "m", "5 m", "-5m", "5.5m", "123456789m", "5x", "5m, 5m", "x1000Hx", "1000h"]) {
      assert.equal(parseTimeout(header), undefined, header);
    }
  });

  it("is no deadline beyond what a timer can keep", () => {
    const tooLong = (header: string) => (parseTimeout(header) ?? Number.NaN) > longestTimerMs;
    for (const header of ["1000H", "600H", "597H", "99999999S", "35792M"]) assert.ok(tooLong(header), header);
    for (const header of ["596H", "99999999m", "2147483S", "35791M"]) assert.ok(!tooLong(header), header);
  });
});
