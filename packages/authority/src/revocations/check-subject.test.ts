import assert from "node:assert/strict";
import { checkSubject } from "./check-subject.js";

const own = { trustDomain: "cafe", serial: "4f" };

describe("checkSubject", () => {
  it("gives the form in which it is compared", () => {
    const id = { kind: "identity", subject: "spiffe://cafe/gripper/1" } as const;
    assert.deepEqual(checkSubject(id, own), id);
    assert.equal(checkSubject({ kind: "certificate", subject: "00AB12" }, own).subject, "ab12");
    assert.equal(checkSubject({ kind: "token", subject: "a-b_C" }, own).subject, "a-b_C");
  });

  it("takes what is just short enough", () => {
    const longest = { certificate: "f".repeat(40), token: "a".repeat(128), pattern: `${"a".repeat(253)}/*` };
    for (const [kind, subject] of Object.entries(longest)) {
      assert.equal(checkSubject({ kind: kind as "token", subject }, own).subject, subject);
      assert.throws(() => checkSubject({ kind: kind as "token", subject: `a${subject}` }, own), {
        code: "INVALID_ARGUMENT",
      });
    }
    assert.equal(checkSubject({ kind: "certificate", subject: "000" }, own).subject, "0");
    assert.equal(checkSubject({ kind: "certificate", subject: "a00b" }, own).subject, "a00b");
    assert.equal(checkSubject({ kind: "token", subject: ".~+/=-" }, own).subject, ".~+/=-");
  });

  const bad: [kind: "identity" | "pattern" | "certificate" | "token", subject: string, message: RegExp][] = [
    ["identity", "gripper/1", /not a SPIFFE ID/],
    ["identity", "spiffe://cafe", /not a SPIFFE ID/],
    ["identity", "spiffe://bar/gripper/1", /another trust domain/],
    ["identity", "spiffe://cafe/interlock/authority", /cannot be revoked/],
    ["pattern", "a//b", /not an identity pattern/],
    ["pattern", "**", /would revoke the authority/],
    ["pattern", "*/authority", /would revoke the authority/],
    ["certificate", "ab:cd", /not a serial number/],
    ["certificate", " ab", /not a serial number/],
    ["certificate", "ab ", /not a serial number/],
    ["token", "a\n", /not a token ID/],
    ["token", "\na", /not a token ID/],
    ["certificate", "", /not a serial number/],
    ["certificate", "004F", /restart the authority/],
    ["token", "", /not a token ID/],
    ["token", "a b", /not a token ID/],
  ];
  for (const [kind, subject, message] of bad) {
    it(`refuses ${kind} "${subject}"`, () => {
      assert.throws(() => checkSubject({ kind, subject }, own), message);
    });
  }
});
