import assert from "node:assert/strict";
import { outage, shortestOutageMs } from "./outage.js";

// The same with the real lifetimes, for ten minutes: npm run soak -- outage --seconds 600
describe("an authority that is killed under load", function () {
  this.timeout(180_000);

  it("is not missed for half of the outage, is named by every error, and everything is back within 5 s", async () => {
    const run = outage.start({ durationMs: 2 * shortestOutageMs, stores: ["sqlite"], progress: () => {} });
    await run.measure(() => {});
    const { ok, text } = run.result();
    assert.ok(ok, text);
  });
});
