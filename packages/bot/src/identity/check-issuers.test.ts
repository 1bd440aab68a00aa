import assert from "node:assert/strict";
import { createTestCa } from "../testing/test-ca.js";
import { KeyUsageFlags } from "../testing/x509.js";
import { checkIssuers } from "./check-issuers.js";

const signs = { ca: true, keyUsage: KeyUsageFlags.keyCertSign };

describe("checkIssuers", () => {
  const make = async (options: object) => (await (await createTestCa()).issueRaw(options)).der;

  it("takes CAs of this trust domain, and those that name none", async () => {
    const { der } = await createTestCa();
    const named = await make({ ...signs, uris: ["spiffe://test"] });
    assert.equal(checkIssuers([named, await make(signs), der], "test"), undefined);
    assert.equal(checkIssuers([], "test"), undefined);
  });

  const wrong: Record<string, [object, string]> = {
    "a leaf": [{ uris: ["spiffe://test/worker/1"] }, "CERTIFICATE_UNTRUSTED"],
    "a CA that may not sign": [{ ca: true }, "CERTIFICATE_UNTRUSTED"],
    "one that may sign and is no CA": [{ keyUsage: KeyUsageFlags.keyCertSign }, "CERTIFICATE_UNTRUSTED"],
    "a CA of another trust domain": [{ ...signs, uris: ["spiffe://other"] }, "TRUST_DOMAIN_MISMATCH"],
    "a CA of one bot's": [{ ...signs, uris: ["spiffe://test/worker/1"] }, "TRUST_DOMAIN_MISMATCH"],
    "one that names another domain besides": [
      { ...signs, uris: ["spiffe://test", "spiffe://b"] },
      "TRUST_DOMAIN_MISMATCH",
    ],
  };
  for (const [what, [options, reason]] of Object.entries(wrong)) {
    it(`refuses ${what}`, async () => assert.equal(checkIssuers([await make(options)], "test"), reason));
  }

  it("refuses what cannot be read", () => {
    assert.equal(checkIssuers([Uint8Array.of(1, 2)], "test"), "CERTIFICATE_MALFORMED");
  });
});
