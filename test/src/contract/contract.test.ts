import assert from "node:assert/strict";
import { http2FloodRow } from "./http2-flood-row.js";
import { playRow } from "./play-row.js";
import { rows } from "./rows.js";
import { siegeRows } from "./siege-rows.js";

describe("the security contract", () => {
  it("has every row, once", () => {
    assert.deepEqual(
      rows.map(({ row }) => row),
      Array.from({ length: 73 }, (_, i) => i + 1),
    );
  });

  // The sieges take minutes and want a machine of their own: `npm run contract` plays them as well. The floods of HTTP/2 are
  // among the tests of `@interlock/wire`, too.
  const others = new Set([...siegeRows, http2FloodRow].map(({ row }) => row));
  for (const row of rows.filter((candidate) => !others.has(candidate.row))) {
    it(`row ${row.row}: ${row.attack}`, async function () {
      this.timeout(180_000);
      const result = await playRow(row);
      if (result.skipped !== undefined) return this.skip();
      assert.ok(result.ok, JSON.stringify(result, undefined, 2));
    });
  }
});
