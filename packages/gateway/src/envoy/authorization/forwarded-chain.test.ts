import assert from "node:assert/strict";
import { certificatesToPem } from "@interlock/bot";
import { createTestCa } from "@interlock/bot/testing";
import { forwardedChain } from "./forwarded-chain.js";

describe("forwardedChain", () => {
  it("reads the chain that Envoy writes, the leaf first", async () => {
    const ca = await createTestCa();
    const { chain } = await ca.issue("spiffe://test/caller/1");
    const pem = encodeURIComponent(certificatesToPem([...chain, ca.der]));
    const found = forwardedChain(`By=spiffe://test/gateway/1;Hash=${"0".repeat(64)};Chain="${pem}"`);
    assert.deepEqual(found, [...chain, ca.der]);
  });

  for (const [what, header] of [
    ["nothing", ""],
    ["no chain", "Hash=00"],
    ["an empty chain", 'Chain=""'],
    ["a second element", 'Hash=00;Chain="AA",Hash=00;Chain="BB"'],
    ["two chains", 'Chain="AA";Chain="BB"'],
    ["a percent-encoding that is none", 'Chain="%zz"'],
    ["too long a header", `Chain="${"A".repeat(40_000)}"`],
  ] as const) {
    it(`finds none in ${what}`, () => assert.deepEqual(forwardedChain(header) ?? [], []));
  }
});
