import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Bearer } from "../admission/bearer.js";
import { createApprovedCalls } from "./approved-calls.js";

const message = Buffer.from("a request");
const request = createHash("sha256").update(message).digest("hex");
const bearer = (id?: string, expiresAt = 100) =>
  ({ token: { expiresAt, ...(id !== undefined && { approval: { id, request } }) } }) as Bearer;

describe("createApprovedCalls", () => {
  it("lets an approved call pass once, and only with its request", () => {
    const { take } = createApprovedCalls();
    assert.equal(take(bearer("a"), Buffer.from("another"), 1)?.reason, "APPROVAL_REQUIRED");
    assert.equal(take(bearer("a"), message, 1), undefined);
    assert.equal(take(bearer("a"), message, 1)?.reason, "APPROVAL_REQUIRED");
    assert.equal(take(bearer("b"), message, 1), undefined);
  });

  it("leaves calls without an approval to the chain, which has decided", () => {
    const { take } = createApprovedCalls();
    assert.equal(take(bearer(), message, 1), undefined);
    assert.equal(take(undefined, message, 1), undefined);
  });

  it("remembers 10,000, and forgets those whose token has expired", () => {
    const { take } = createApprovedCalls();
    for (let i = 0; i < 10_000; i++) assert.equal(take(bearer(`${i}`), message, 1), undefined);
    assert.equal(take(bearer("more"), message, 1)?.reason, "APPROVAL_LIMIT");
    assert.equal(take(bearer("more", 200), message, 100), undefined);
  });
});
