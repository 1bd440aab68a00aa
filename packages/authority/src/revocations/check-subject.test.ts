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

  const bad: [kind: "identity" | "certificate" | "token", subject: string, message: RegExp][] = [
    ["identity", "gripper/1", /no SPIFFE ID/],
    ["identity", "spiffe://cafe", /no SPIFFE ID/],
    ["identity", "spiffe://bar/gripper/1", /another trust domain/],
    ["identity", "spiffe://cafe/interlock/authority", /cannot revoke itself/],
    ["certificate", "ab:cd", /no serial number/],
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
