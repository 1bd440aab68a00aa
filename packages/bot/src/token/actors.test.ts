import assert from "node:assert/strict";
import { spiffeId } from "@interlock/policy";
import { actClaim, exchangeScope, maximumActors, readActors, readIdentity } from "./actors.js";

const id = (name: string) => spiffeId("test", name);
const chain = (...names: string[]) => actClaim(names.map(id));

describe("actors", () => {
  it("are written one behind the other, and come back as they went", () => {
    assert.deepEqual(chain(), {});
    assert.deepEqual(chain("a", "b"), { act: { sub: "spiffe://test/a", act: { sub: "spiffe://test/b" } } });
    for (const names of [[], ["a"], ["a", "b", "c"]]) {
      assert.deepEqual(readActors({ sub: "x", ...chain(...names) }, "test"), names.map(id));
    }
  });

  it("are three at the most", () => {
    assert.equal(maximumActors, 3);
    assert.throws(() => readActors(chain("a", "b", "c", "d"), "test"), {
      reason: "ACTOR_CHAIN_TOO_LONG",
      code: "PERMISSION_DENIED",
      message: /at most 3 are allowed$/,
    });
  });

  for (const act of [null, undefined, "spiffe://test/a", 1, []]) {
    it(`are malformed, and never none, where ${JSON.stringify(act)} stands`, () => {
      assert.throws(() => readActors({ act }, "test"), { reason: "TOKEN_MALFORMED" });
      assert.throws(() => readActors({ act: { sub: "spiffe://test/a", act } }, "test"), { reason: "TOKEN_MALFORMED" });
    });
  }

  it("say what is malformed", () => {
    assert.throws(() => readActors({ act: 1 }, "test"), { message: /"act" is no actor$/ });
    assert.throws(() => readActors({ act: {} }, "test"), { message: /"act\.sub" is no bot of this fleet$/ });
  });

  it("are bots of the trust domain", () => {
    assert.deepEqual(readIdentity("spiffe://test/a", "test", "sub"), id("a"));
    for (const claim of ["spiffe://other/a", "a", "", undefined, ["spiffe://test/a"], { uri: "spiffe://test/a" }]) {
      assert.throws(() => readIdentity(claim, "test", "sub"), {
        reason: "TOKEN_MALFORMED",
        message: /"sub" is no bot of this fleet$/,
      });
    }
  });

  it("are granted by one scope", () => assert.equal(exchangeScope, "token:exchange"));
});
