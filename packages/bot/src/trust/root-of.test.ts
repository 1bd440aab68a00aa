import assert from "node:assert/strict";
import { caDigest } from "../identity/join-token.js";
import { createTestCa, type TestCa } from "../testing/test-ca.js";
import { isBelowActive, rootOf } from "./root-of.js";

describe("rootOf", () => {
  let a: TestCa;
  let b: TestCa;
  before(async () => {
    a = await createTestCa("root");
    b = await createTestCa("root"); // Of the same name.
  });
  const id = "spiffe://test/a";

  it("finds the root by its signature, not by its name", async () => {
    const { chain } = await b.issue(id);
    assert.equal(rootOf(chain, { caCertificates: [a.der, b.der] }), b.der);
    assert.equal(rootOf(chain, { caCertificates: [a.der] }), undefined);
    assert.equal(rootOf([...chain, b.der], { caCertificates: [a.der, b.der] }), b.der);
    assert.equal(rootOf([], { caCertificates: [a.der] }), undefined);
  });

  it("says whether it is the one below which certificates are signed now", async () => {
    const { chain } = await a.issue(id);
    const state = { caCertificates: [a.der, b.der] };
    const digest = (ca: TestCa) => Buffer.from(caDigest(ca.der)).toString("base64url");
    assert.equal(isBelowActive(chain, { ...state, activeCa: digest(a) }), true);
    assert.equal(isBelowActive(chain, { ...state, activeCa: digest(b) }), false);
    assert.equal(isBelowActive(chain, state), true, "an authority that does not say");
    assert.equal(isBelowActive(chain, { caCertificates: [b.der], activeCa: digest(b) }), false);
  });
});
