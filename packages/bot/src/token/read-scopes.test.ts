import assert from "node:assert/strict";
import type { JWTPayload } from "jose";
import { readScopes } from "./read-scopes.js";
import { authorityTokens } from "./token-rules.js";

describe("the scopes of a token", () => {
  const either = { scopeClaims: ["scope", "scp"] } as const;
  const read = (payload: JWTPayload, rules: Parameters<typeof readScopes>[1] = either) => [
    ...readScopes(payload, rules),
  ];

  it("are in scope, a text", () => {
    assert.deepEqual(read({ scope: " a:b  c:d " }), ["a:b", "c:d"]);
    assert.deepEqual(read({ scope: "" }), []);
    for (const scope of [["a:b"], 1, null, { a: "a:b" }]) assert.deepEqual(read({ scope }), []);
  });

  it("are in scp where there is no scope, a text or a list", () => {
    assert.deepEqual(read({ scp: "a:b c:d" }), ["a:b", "c:d"]);
    assert.deepEqual(read({ scp: ["a:b", "c:d"] }), ["a:b", "c:d"]);
    assert.deepEqual(read({ scp: [] }), []);
    assert.deepEqual(read({}), []);
  });

  it("are never those of both", () => {
    for (const scope of ["a:b", "", null]) assert.deepEqual(read({ scope, scp: "c:d" }), scope ? ["a:b"] : []);
  });

  it("are in scope alone for the authority's tokens", () => {
    assert.deepEqual(read({ scp: "a:b" }, authorityTokens), []);
    assert.deepEqual(read({ scp: 1 }, authorityTokens), []);
  });

  it("are not a scp of anything else", () => {
    const bad = [1, null, true, { 0: "a:b" }, ["a:b", 1], [["a:b"]], ["a:b c:d"], [""], ["a:b\n"], ['a:"b"'], ["a:ü"]];
    for (const scp of bad) assert.throws(() => read({ scp }), { reason: "TOKEN_MALFORMED", message: /"scp"/ });
  });
});
