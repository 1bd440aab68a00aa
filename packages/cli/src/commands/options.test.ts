import assert from "node:assert/strict";
import { parseCertificateTtl, parseDuration, parseSeconds, parseTime } from "./options.js";

describe("options of commands", () => {
  it("read durations with a unit", () => {
    const hour = 3_600_000;
    const cases = { "0": 0, "45s": 45_000, "90m": 1.5 * hour, "12h": 12 * hour, "30d": 720 * hour, "2w": 336 * hour };
    for (const [text, ms] of Object.entries(cases)) assert.equal(parseDuration(text), ms, text);
    for (const text of ["", "12", "h", "-1h", "1.5h", "1 h", "1y", "1H", "12hh", "9999999999s"]) {
      assert.throws(() => parseDuration(text), /whole number with a unit/, text);
      assert.throws(() => parseTime(text), /how long ago/, text);
    }
    assert.equal(parseSeconds("15m"), 900);
    assert.throws(() => parseSeconds("0"), /more than 0/);
  });

  it("read lifetimes of certificates, one for all and some by pattern", () => {
    const hour = 3_600_000;
    const read = ["12h", "robot/*=72h", "laptop/1=30d"].reduce(
      (before, text) => parseCertificateTtl(text, before),
      parseCertificateTtl("1h"),
    );
    assert.deepEqual(read, { leafTtlMs: 12 * hour, leafTtlsMs: { "robot/*": 72 * hour, "laptop/1": 720 * hour } });
    assert.throws(() => parseCertificateTtl("robot/*="), /whole number/);
  });
});
