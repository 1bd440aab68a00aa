import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import type { Identity } from "@interlock/bot";
import { createTestCa, type TestCa } from "@interlock/bot/testing";
import { type AuditEntry, receiptType, toRecord } from "@interlock/policy/audit-log";
import { FlattenedSign } from "jose";
import { maximumReceiptBytes, ReceiptFault, verifyReceipt } from "./verify-receipt.js";

const second = 1_000;
const authority = "spiffe://test/interlock/authority";

describe("verifyReceipt", () => {
  let ca: TestCa;
  let signer: Identity;
  const at = Date.now() - 60 * second;

  const entry = (more: Partial<AuditEntry> = {}): AuditEntry => ({
    at,
    kind: "receipt",
    actor: "spiffe://test/agent/7",
    subject: "cafe.v1.ItemService/Read",
    details: { for: "spiffe://test/alice/1", code: "OK" },
    ...more,
  });
  const recordOf = (more: Partial<AuditEntry> = {}) => toRecord(entry(more), { seq: 6, hash: "ab" });
  async function sign(record: object, by: Identity = signer, header: object = {}): Promise<string> {
    const x5c = by.chain.map((der) => Buffer.from(der).toString("base64"));
    const signed = await new FlattenedSign(Buffer.from(JSON.stringify(record)))
      .setProtectedHeader({ alg: "ES256", typ: receiptType, x5c, ...header })
      .sign(createPrivateKey(by.privateKey));
    return JSON.stringify(signed);
  }
  const refused = (text: string, why: RegExp, roots = [ca.der]) =>
    assert.rejects(verifyReceipt(text, roots), (error) => {
      assert.ok(error instanceof ReceiptFault, String(error));
      assert.match(error.message, why);
      return true;
    });

  before(async () => {
    ca = await createTestCa();
    signer = await ca.issue(authority, { notBefore: at - 600 * second, notAfter: at + 10 * second });
  });

  it("believes what the authority has signed, after its certificate has expired", async () => {
    assert.ok(signer.leaf.notAfter < Date.now());
    const { record, caller, subject, method, details } = await verifyReceipt(await sign(recordOf()), [ca.der]);
    assert.deepEqual(record, recordOf());
    assert.deepEqual(
      [caller, subject, method, details.code],
      ["spiffe://test/agent/7", "spiffe://test/alice/1", "cafe.v1.ItemService/Read", "OK"],
    );
  });

  it("believes no other signer, no other time, and no other CA", async () => {
    await refused(await sign(recordOf(), await ca.issue("spiffe://test/agent/7", { notBefore: 1 })), /no authority/);
    await refused(await sign(recordOf({ at: signer.leaf.notAfter + 1 })), /CERTIFICATE_EXPIRED/);
    await refused(await sign(recordOf()), /no member/, []);
    const other = await (await createTestCa("other")).issue(authority, { notBefore: 1 });
    await refused(await sign(recordOf(), other), /CERTIFICATE_UNTRUSTED/);
    await refused(await sign(recordOf({ actor: "spiffe://other/agent/7" })), /TRUST_DOMAIN_MISMATCH/);
  });

  it("believes no record that has been changed, is of another kind, or is in another form", async () => {
    const good = JSON.parse(await sign(recordOf()));
    const payload = Buffer.from(JSON.stringify(recordOf({ subject: "a.B/C" }))).toString("base64url");
    await refused(JSON.stringify({ ...good, payload }), /changed since it was signed/);
    await refused(await sign({ ...recordOf(), subject: "a.B/C" }), /hash of its record/);
    await refused(await sign(recordOf({ kind: "token" })), /no receipt/);
    await refused(await sign(recordOf(), signer, { typ: "JWT" }), /no receipt/);
    await refused(await sign(recordOf(), signer, { x5c: [] }), /no receipt/);
    await refused(await sign(recordOf(), signer, { x5c: ["AAAA"] }), /no receipt/);
    for (const text of ["", "null", "[]", "{}", JSON.stringify({ ...good, protected: "e30" })]) {
      await refused(text, /no receipt/);
    }
    await refused(" ".repeat(maximumReceiptBytes + 1), /too large/);
  });
});
