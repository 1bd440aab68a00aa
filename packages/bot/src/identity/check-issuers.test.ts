import assert from "node:assert/strict";
import { caExtensions, rsaKey, type SpecimenOptions, specimen } from "../testing/specimen.js";
import { createTestCa } from "../testing/test-ca.js";
import { KeyUsageFlags } from "../testing/x509.js";
import { checkIssuers } from "./check-issuers.js";

const signs = { ca: true, keyUsage: KeyUsageFlags.keyCertSign };

describe("checkIssuers", () => {
  const make = async (options: object) => (await (await createTestCa()).issueRaw(options)).der;
  const ca = (more: Partial<SpecimenOptions> = {}) => specimen({ extensions: caExtensions(), ...more }).der;

  it("takes CAs of this trust domain, and those that name none", async () => {
    const { der } = await createTestCa("root", 2);
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

  it("takes CAs without a key usage, which restricts nothing, and with a URI that is no SPIFFE ID", () => {
    assert.equal(checkIssuers([ca({ extensions: caExtensions({ usage: "none" }) })], "test"), undefined);
    assert.equal(checkIssuers([ca({ extensions: caExtensions({ uris: ["https://ca.example"] }) })], "test"), undefined);
    const other = ca({ extensions: caExtensions({ uris: ["SPIFFE://other"] }) });
    assert.equal(checkIssuers([other], "test"), "TRUST_DOMAIN_MISMATCH");
  });

  it("refuses weak keys, and weak signatures below a root", () => {
    const key = rsaKey(1_024);
    assert.equal(checkIssuers([ca({ key })], "test"), "CERTIFICATE_WEAK");
    assert.equal(checkIssuers([ca({ hash: "sha1" })], "test"), undefined);
    assert.equal(checkIssuers([ca({ hash: "sha1" }), ca()], "test"), "CERTIFICATE_WEAK");
  });

  it("holds a CA to the number of CAs that it allows below it; those that issue themselves do not count", () => {
    const by = specimen({ name: "root", extensions: caExtensions() });
    const [none, one] = [0, 1].map((pathLength) => ca({ extensions: caExtensions({ pathLength }) }));
    const [first, second] = ["a", "b"].map((name) => ca({ name, by }));
    assert.equal(checkIssuers([none as Uint8Array], "test"), undefined);
    assert.equal(checkIssuers([first as Uint8Array, none as Uint8Array], "test"), "CERTIFICATE_UNTRUSTED");
    assert.equal(checkIssuers([first as Uint8Array, one as Uint8Array], "test"), undefined);
    assert.equal(checkIssuers([first, second, one] as Uint8Array[], "test"), "CERTIFICATE_UNTRUSTED");
    assert.equal(checkIssuers([ca(), none as Uint8Array], "test"), undefined);
  });

  it("refuses what cannot be read", () => {
    assert.equal(checkIssuers([Uint8Array.of(1, 2)], "test"), "CERTIFICATE_MALFORMED");
  });
});
