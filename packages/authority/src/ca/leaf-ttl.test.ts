import assert from "node:assert/strict";
import { silentLog } from "@interlock/bot";
import { completeOptions } from "../options.js";
import { leafTtlOf, maximumLeafTtlMs } from "./leaf-ttl.js";

describe("how long certificates are valid", () => {
  const self = "spiffe://cafe/interlock/authority";
  const basis = { dataDir: "x", trustDomain: "cafe", port: 0, log: silentLog };

  it("depends on the first pattern that matches, and the authority's own on none", () => {
    const ttl = { leafTtlMs: 1, leafTtlsMs: { "robot/1": 2, "robot/*": 3, "**": 4 } };
    const names = { "robot/1": 2, "robot/2": 3, "robot/2/a": 4, "operator/alice": 4 };
    for (const [name, ms] of Object.entries(names))
      assert.equal(leafTtlOf(`spiffe://cafe/${name}`, ttl, self), ms, name);
    assert.equal(leafTtlOf(self, ttl, self), 1);
    assert.equal(leafTtlOf("spiffe://cafe/gripper/1", { ...ttl, leafTtlsMs: { "robot/*": 3 } }, self), 1);
  });

  it("is an hour by default, and from a second to 30 days", async () => {
    const complete = await completeOptions(basis);
    assert.deepEqual([complete.leafTtlMs, complete.renewAfterExpiryMs], [3_600_000, 30 * 24 * 3_600_000]);
    for (const ttl of [1_000, maximumLeafTtlMs])
      await completeOptions({ ...basis, leafTtlMs: ttl, leafTtlsMs: { "a/*": ttl } });
    for (const ttl of [0, 999, maximumLeafTtlMs + 1, Number.NaN, Number.POSITIVE_INFINITY]) {
      await assert.rejects(
        () => completeOptions({ ...basis, leafTtlMs: ttl }),
        /leafTtlMs .*must be .* 30 days/,
        String(ttl),
      );
      await assert.rejects(
        () => completeOptions({ ...basis, leafTtlsMs: { "a/*": ttl } }),
        /leafTtlsMs of "a\/\*"/,
        String(ttl),
      );
    }
    await assert.rejects(() => completeOptions({ ...basis, leafTtlsMs: { "a b": 1_000 } }), /not an identity pattern/);
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`a/${i}`, 1_000]));
    await completeOptions({ ...basis, leafTtlsMs: many(100) });
    await assert.rejects(() => completeOptions({ ...basis, leafTtlsMs: many(101) }), /at most 100/);
    for (const renewAfterExpiryMs of [-1, Number.NaN, 401 * 24 * 3_600_000]) {
      await assert.rejects(() => completeOptions({ ...basis, renewAfterExpiryMs }), /renewAfterExpiryMs/);
    }
  });
});
