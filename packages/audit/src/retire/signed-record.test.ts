import assert from "node:assert/strict";
import type { Identity } from "@interlock/bot";
import { createTestCa, type TestCa } from "@interlock/bot/testing";
import { maximumRecordBytes, type RetirementRecord } from "./record.js";
import { digestOf, type SignedRecord, signRecord } from "./sign-record.js";
import { RecordFault, verifyRecord } from "./verify-record.js";

const second = 1_000;
const uri = "spiffe://test/operator/alice";
const mark = { grantsVersion: 1, trustVersion: 1, log: { seq: 1, hash: "" }, scan: [] };

describe("signed record", () => {
  let ca: TestCa;
  let alice: Identity;
  const endedAt = Date.now() - 60 * second;
  const record = (more: Partial<RetirementRecord> = {}): RetirementRecord => ({
    version: 1,
    trustDomain: "test",
    subject: { kind: "bot", name: "gripper/1" },
    operator: uri,
    startedAt: endedAt - second,
    endedAt,
    complete: true,
    forced: [],
    callers: [],
    doubts: [],
    steps: [],
    before: mark,
    after: mark,
    ...more,
  });
  const refused = (signed: SignedRecord | string, why: RegExp, roots = [ca.der]) =>
    assert.rejects(verifyRecord(typeof signed === "string" ? signed : JSON.stringify(signed), roots), (error) => {
      assert.ok(error instanceof RecordFault, String(error));
      assert.match(error.message, why);
      return true;
    });

  before(async () => {
    ca = await createTestCa();
    alice = await ca.issue(uri, { notBefore: endedAt - 600 * second, notAfter: endedAt + 10 * second });
  });

  it("is verified after the certificate of its signer has expired", async () => {
    const signed = await signRecord(record(), alice);
    assert.ok(alice.leaf.notAfter < Date.now());
    const verified = await verifyRecord(JSON.stringify(signed), [ca.der]);
    assert.deepEqual(verified, { record: record(), signer: uri, serial: alice.leaf.serial, sha256: digestOf(signed) });
  });

  it("is not believed when it has been changed", async () => {
    const signed = await signRecord(record(), alice);
    const payload = Buffer.from(JSON.stringify(record({ complete: false }))).toString("base64url");
    await refused({ ...signed, payload }, /changed since it was signed/);
    const other = await signRecord(record(), await ca.issue(uri));
    await refused({ ...signed, protected: other.protected }, /changed since it was signed/);
  });

  it("is not believed from a stranger, from another bot, or from outside of the certificate's time", async () => {
    const foreign = await createTestCa("foreign");
    const impostor = await foreign.issue(uri, { notBefore: endedAt - 600 * second });
    await refused(await signRecord(record(), impostor), /CERTIFICATE_UNTRUSTED/);
    await refused(
      await signRecord(record(), await ca.issue("spiffe://test/worker/1", { notBefore: 1 })),
      /signed by spiffe:\/\/test\/worker\/1/,
    );
    await refused(await signRecord(record({ endedAt: alice.leaf.notAfter + 1 }), alice), /CERTIFICATE_EXPIRED/);
    await refused(await signRecord(record({ trustDomain: "other" }), alice), /TRUST_DOMAIN_MISMATCH/);
    await refused(await signRecord(record(), alice), /--ca/, []);
  });

  it("is not believed in any other form", async () => {
    const signed = await signRecord(record(), alice);
    for (const text of ["", "[]", "null", "{}", JSON.stringify({ ...signed, protected: "e30" })]) {
      await refused(text, /no signed record/);
    }
    const header = { ...JSON.parse(Buffer.from(signed.protected, "base64url").toString()), x5c: ["AAAA"] };
    const withHeader = (more: object) => Buffer.from(JSON.stringify({ ...header, ...more })).toString("base64url");
    await refused({ ...signed, protected: withHeader({}) }, /cannot be read/);
    await refused({ ...signed, protected: withHeader({ x5c: [] }) }, /does not have the certificate/);
    await refused({ ...signed, protected: withHeader({ alg: "none" }) }, /no signed record/);
    await refused(" ".repeat(maximumRecordBytes + 1), /larger than/);
    for (const more of [
      { version: 2 },
      { endedAt: 9e15 },
      { complete: "yes" },
      { steps: [null] },
      { steps: [{ id: 1 }] },
    ])
      await refused(await signRecord({ ...record(), ...more } as RetirementRecord, alice), /does not know/);
    const step = {
      id: "dns",
      does: "",
      by: "nothing",
      details: [],
      proof: "",
      state: "open",
      result: "",
      at: 1,
    } as const;
    await refused(await signRecord(record({ steps: [step] }), alice), /says that it is complete/);
  });
});
