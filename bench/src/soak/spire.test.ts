import assert from "node:assert/strict";
import { findSpire } from "@interlock/testing-spire";
import { shortestSpireMs, spire } from "./spire.js";

// The same with certificates of a minute, and an agent that is away for 25 s: npm run soak -- spire --seconds 150
describe("identities from a real SPIRE", function () {
  this.timeout(900_000); // It is built once.

  before(async function () {
    const programs = await findSpire();
    if (!("missing" in programs)) return;
    console.log(`skipped: ${programs.missing}`);
    this.skip();
  });

  it("are renewed, without their agent for a while, and below another CA: no call fails, and no stream ends", async () => {
    const run = spire.start({ durationMs: shortestSpireMs, stores: ["sqlite"], progress: () => {} });
    await run.measure(() => {});
    const { ok, text } = run.result();
    assert.ok(ok, text);
  });
});
