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
    ["identity", "gripper/1", /no SPIFFE ID/],
    ["identity", "spiffe://cafe", /no SPIFFE ID/],
    ["identity", "spiffe://bar/gripper/1", /another trust domain/],
    ["identity", "spiffe://cafe/interlock/authority", /cannot revoke itself/],
    ["pattern", "a//b", /no identity pattern/],
    ["pattern", "**", /would lock out the authority/],
    ["pattern", "*/authority", /would lock out the authority/],
    ["certificate", "ab:cd", /no serial number/],
    ["certificate", " ab", /no serial number/],
    ["certificate", "ab ", /no serial number/],
    ["token", "a\n", /no token ID/],
    ["token", "\na", /no token ID/],
    ["certificate", "", /no serial number/],
    ["certificate", "004F", /restart the authority/],
    ["token", "", /no token ID/],
    ["token", "a b", /no token ID/],
  ];
  for (const [kind, subject, message] of bad) {
    it(`refuses ${kind} "${subject}"`, () => {
      assert.throws(() => checkSubject({ kind, subject }, own), message);
    });
  }
});
