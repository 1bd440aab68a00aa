import assert from "node:assert/strict";
import { callerName } from "./dashboard/model/format.js";
import { nameOf, trustDomainOf } from "./name-of.js";

describe("the name of a bot, for people", () => {
  it("is the whole SPIFFE ID for one of another trust domain", () => {
    assert.equal(nameOf("spiffe://cafe/leader/1"), "leader/1");
    assert.equal(nameOf("spiffe://cafe/leader/1", "cafe"), "leader/1");
    assert.equal(nameOf("spiffe://partner/leader/1", "cafe"), "spiffe://partner/leader/1");
    assert.equal(nameOf("leader/1", "cafe"), "leader/1");
    assert.deepEqual([trustDomainOf("spiffe://cafe/leader/1"), trustDomainOf("")], ["cafe", ""]);
    assert.equal(callerName("spiffe://cafe/leader/1", "spiffe://cafe/echo/1"), "leader/1");
    assert.equal(callerName("spiffe://partner/leader/1", "spiffe://cafe/echo/1"), "spiffe://partner/leader/1");
    assert.equal(callerName("", "spiffe://cafe/echo/1"), "");
  });
});
