import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { defaultLimits, limitsOf } from "./limits.js";

describe("limitsOf", () => {
  it("fills in the defaults", () => {
    assert.deepEqual(limitsOf(undefined), defaultLimits);
    assert.deepEqual(limitsOf({ concurrentStreams: 1 }), { ...defaultLimits, concurrentStreams: 1 });
  });

  it("has the defaults that are documented", () => {
    const text = readFileSync(new URL("../../src/limits/limits.ts", import.meta.url), "utf8").replaceAll(
      /\s+\*?\s*/g,
      " ",
    );
    const documented = [...text.matchAll(/Default: ([^/]+) \/ readonly (\w+):/g)].map(([, value = "", name = ""]) => {
      const numbers = [...value.matchAll(/(\d[\d,]*(?<!,))( [KM]iB)?/g)].map(
        ([, number = "", unit]) =>
          Number(number.replaceAll(",", "")) * (unit ? ({ " KiB": 2 ** 10, " MiB": 2 ** 20 }[unit] ?? 0) : 1),
      );
      return [name, numbers];
    });
    for (const [name, value] of Object.entries(defaultLimits)) {
      const [, numbers] = documented.find(([of]) => of === name) ?? assert.fail(`${name} is not documented`);
      const expected = typeof value === "number" ? [value] : [value.perSecond, value.burst];
      assert.deepEqual((numbers as number[]).slice(0, expected.length), expected, name);
    }
  });

  it("refuses what HTTP/2 cannot express", () => {
    for (const given of [
      { connectionWindowBytes: 65_534 },
      { connectionWindowBytes: 2 ** 31 },
      { streamWindowBytes: -1 },
      { streamWindowBytes: 1.5 },
      { concurrentStreams: Number.NaN },
      { headerListBytes: Number.POSITIVE_INFINITY },
    ]) {
      assert.throws(
        () => limitsOf(given),
        /and has to be an integer from (0|65535) to 2147483647$/,
        JSON.stringify(given),
      );
    }
    for (const given of [
      { connectionWindowBytes: 65_535 },
      { connectionWindowBytes: 2 ** 31 - 1, streamWindowBytes: 0, concurrentStreams: 0 },
    ]) {
      assert.deepEqual(limitsOf(given), { ...defaultLimits, ...given });
    }
  });
});
