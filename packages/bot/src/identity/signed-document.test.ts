import assert from "node:assert/strict";
import { createTestCa } from "../testing/test-ca.js";
import { openDocument, signDocument } from "./signed-document.js";

const type = "test+json";

describe("a signed document", () => {
  it("gives back its text and the chain of its signer", async () => {
    const identity = await (await createTestCa()).issue("spiffe://test/arm/1");
    const document = await signDocument("a text", type, identity);
    const opened = await openDocument(JSON.stringify(document), type);
    const chain = identity.chain.map((der) => Uint8Array.from(der));
    assert.deepEqual(opened, { document, payload: "a text", chain });
  });

  it("is not opened when it was changed, is of another type, or lacks its certificate", async () => {
    const ca = await createTestCa();
    const identity = await ca.issue("spiffe://test/arm/1");
    const document = await signDocument("a text", type, identity);
    const open = (more: object) => openDocument(JSON.stringify({ ...document, ...more }), type);
    const header = (more: object) => {
      const whole = { ...JSON.parse(Buffer.from(document.protected, "base64url").toString()), ...more };
      return { protected: Buffer.from(JSON.stringify(whole)).toString("base64url") };
    };
    assert.equal(await open({ payload: Buffer.from("b text").toString("base64url") }), "signature");
    const { leaf } = await ca.issue("spiffe://test/arm/2");
    assert.equal(await open(header({ x5c: [Buffer.from(leaf.der).toString("base64")] })), "signature");
    assert.equal(await openDocument(JSON.stringify(document), "other+json"), "form");
    for (const more of [{ payload: 1 }, { signature: undefined }, header({ alg: "none" }), header({ typ: 1 })])
      assert.equal(await open(more), "form");
    for (const text of ["", "[]", "null", "{}", "1"]) assert.equal(await openDocument(text, type), "form");
    const certificate = Buffer.from(identity.leaf.der).toString("base64");
    for (const x5c of [undefined, [], ["AAAA"], [1], Array(17).fill(certificate)])
      assert.equal(await open(header({ x5c })), "certificate");
  });
});
