import assert from "node:assert/strict";
import fc from "fast-check";
import { formatTimeout, longestTimerMs, parseTimeout } from "./timeout.js";

const largestMs = 99_999_999 * 3_600_000;

describe('grpc-timeout (PROTOCOL-HTTP2, "Timeout")', () => {
  for (const [value, ms] of [
    ["1H", 3_600_000],
    ["2M", 120_000],
    ["3S", 3_000],
    ["4m", 4],
    ["5u", 0.005],
    ["6n", 0.000_006],
    ["1001u", 1.001],
    ["00000001S", 1_000],
    ["99999999m", 99_999_999],
    ["99999999H", largestMs],
    ["0n", 0],
    ["0H", 0],
  ] as const) {
    it(`${value} is ${ms} ms`, () => assert.equal(parseTimeout(value), ms));
  }

  for (const value of [
    ...["", "S", "5", "1s", "1h", "1µ", "1x", "1.5S", "-1S", "+1S", "1e3S", "0x1S", "123456789S", "000000001S"],
    ...[" 1S", "1S ", "1 S", "1S1", "1SS", "1S,1S", "1S\n", "\n1S", "１S", "NaNS", "/S", ":S"],
  ]) {
    it(`${JSON.stringify(value)} is malformed`, () => assert.equal(parseTimeout(value), undefined));
  }

  for (const [ms, value] of [
    [0.000_000_9, "1n"],
    [0.000_001, "1n"],
    [0.000_001_9, "1n"],
    [0.5, "500000n"],
    [99.999_999, "99999999n"],
    [100, "100000u"],
    [250, "250000u"],
    [30_000, "30000000u"],
    [99_999.999, "99999999u"],
    [100_000, "100000m"],
    [99_999_999, "99999999m"],
    [99_999_999.9, "99999999m"],
    [100_000_000, "100000S"],
    [99_999_999_999, "99999999S"],
    [100_000_000_000, "1666666M"],
    [longestTimerMs, "2147483S"],
    [10_000_000_000_000, "2777777H"],
    [largestMs, "99999999H"],
    [largestMs * 2, "99999999H"],
    [Number.POSITIVE_INFINITY, "99999999H"],
    [0, "1n"],
    [-0.5, "1n"],
    [Number.NEGATIVE_INFINITY, "1n"],
    [Number.NaN, "1n"],
  ] as const) {
    it(`${ms} ms is ${value}`, () => assert.equal(formatTimeout(ms), value));
  }

  it("is written a little shorter than it is, and never longer", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: largestMs, noNaN: true }), (ms) => {
        const value = formatTimeout(ms);
        assert.match(value, /^[1-9]\d{0,7}[HMSmun]$/);
        const read = parseTimeout(value) ?? Number.NaN;
        assert.ok(read <= ms * (1 + Number.EPSILON), `${read} is later than ${ms}`);
        assert.ok(ms - read <= Math.max(1.001e-6, ms / 100_000), `${read} is much sooner than ${ms}`);
      }),
    );
  });

  it("comes back as it was, in whole milliseconds", () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 99_999_999 }), (ms) => parseTimeout(formatTimeout(ms)) === ms));
  });

  it("has a timer up to the longest delay of Node, a 32-bit integer with a sign", () => {
    assert.equal(longestTimerMs, 0x7fff_ffff);
  });

  it("is read exactly where it has the grammar's form", () => {
    const character = fc.constantFrom(..."0123456789HMSmun .-s");
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 10 }), (value) => {
        const ms = parseTimeout(value);
        assert.equal(ms !== undefined, /^[0-9]{1,8}[HMSmun]$/.test(value));
        assert.ok(ms === undefined || Number.isFinite(ms));
      }),
      { numRuns: 1_000 },
    );
  });
});
