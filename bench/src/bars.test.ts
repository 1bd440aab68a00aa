import assert from "node:assert/strict";
import { type Bar, isFarOff, judge, printBars } from "./bars.js";

describe("bars", () => {
  const rows: readonly (readonly [bar: Bar, value: number, met: boolean, farOff: boolean])[] = [
    [{ at_most: 0.35 }, 0.35, true, false],
    [{ at_most: 0.35 }, 0.36, false, false],
    [{ at_most: 0.35 }, 3.49, false, false],
    [{ at_most: 0.35 }, 3.51, false, true],
    [{ at_most: 0.35, aim: true }, 3.51, false, false],
    [{ at_least: 5 }, 5, true, false],
    [{ at_least: 5 }, 4.9, false, false],
    [{ at_least: 5 }, 0.4, false, true],
  ];
  for (const [bar, value, met, farOff] of rows) {
    it(`${JSON.stringify(bar)} and ${value}: ${met ? "met" : "missed"}${farOff ? " by far" : ""}`, () => {
      const judged = judge(bar, value);
      assert.deepEqual(judged, { ...bar, value, met });
      assert.equal(isFarOff(judged), farOff);
    });
  }

  it("are printed with what was measured", () => {
    const table = printBars([
      ["client", judge({ at_most: 0.35 }, 0.2), 2],
      ["throughput", judge({ at_least: 5, aim: true }, 4), 1],
    ]);
    assert.equal(
      table,
      `| bar        |        | measured |                 |
|------------|--------|----------|-----------------|
| client     | ≤ 0.35 | 0.20     | met             |
| throughput | ≥ 5    | 4.0      | missed (an aim) |
`,
    );
  });
});
