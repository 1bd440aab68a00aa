import assert from "node:assert/strict";
import { InterlockError } from "../base/error.js";
import {
  maximumConditionLength,
  maximumConditions,
  maximumNarrowedScopes,
  readNarrowedScopes,
} from "./narrowed-scope.js";
import { maximumMethods, readLimits } from "./read-delegation.js";

const malformed = (read: () => unknown, message: string) =>
  assert.throws(read, (error) => {
    assert.ok(error instanceof InterlockError);
    assert.equal(error.reason, "TOKEN_MALFORMED");
    assert.ok(error.message.includes(message), error.message);
    return true;
  });

describe("the limits of a token", () => {
  it("are none without their claims", () => {
    assert.deepEqual(readLimits({}), {});
  });

  it("are a delegation, methods and an approved call, each alone and together", () => {
    const methods = Array.from({ length: maximumMethods }, (_, i) => `M${i}`);
    const approval = { id: "apr-1", request: "00ff" };
    assert.deepEqual(readLimits({ delegation: "dlg-1" }), { delegation: "dlg-1" });
    assert.deepEqual(readLimits({ methods }), { methods: new Set(methods) });
    assert.deepEqual(readLimits({ methods: [] }), { methods: new Set() });
    assert.deepEqual(readLimits({ approval: { ...approval, more: 1 } }), { approval });
    assert.deepEqual(readLimits({ delegation: "dlg-1", methods: ["A"], approval }), {
      delegation: "dlg-1",
      methods: new Set(["A"]),
      approval,
    });
  });

  for (const delegation of ["", 1, null, false, {}, ["dlg-1"]]) {
    it(`are malformed with the delegation ${JSON.stringify(delegation)}`, () =>
      malformed(() => readLimits({ delegation }), '"delegation" is no text'));
  }

  for (const methods of ["Get", null, false, 0, {}, { length: 1 }, Array(maximumMethods + 1).fill("Get")]) {
    it(`are malformed with the methods ${JSON.stringify(methods).slice(0, 40)}`, () =>
      malformed(() => readLimits({ methods }), `"methods" is no list of at most ${maximumMethods} names`));
  }
  for (const methods of [[""], [1], ["Get", null], [["Get"]]]) {
    it(`are malformed with the methods ${JSON.stringify(methods)}`, () =>
      malformed(() => readLimits({ methods }), '"methods" is no text'));
  }

  for (const approval of ["apr-1", null, false, 0]) {
    it(`are malformed with the approval ${JSON.stringify(approval)}`, () =>
      malformed(() => readLimits({ approval }), '"approval" is no object'));
  }
  for (const approval of [
    {},
    [],
    { id: "apr-1" },
    { request: "00" },
    { id: "", request: "00" },
    { id: "a", request: 1 },
  ]) {
    it(`are malformed with the approval ${JSON.stringify(approval)}`, () =>
      malformed(() => readLimits({ approval }), '"approval" is no text'));
  }
});

describe("the scopes that a token holds under conditions", () => {
  it("are none without the claim, and the same map for all of them", () => {
    assert.equal(readNarrowedScopes(undefined).size, 0);
    assert.equal(readNarrowedScopes(undefined), readNarrowedScopes(undefined));
  });

  it("are read up to their bounds", () => {
    const conditions = Array.from({ length: maximumConditions }, () => "x".repeat(maximumConditionLength));
    const claim = Object.fromEntries(Array.from({ length: maximumNarrowedScopes }, (_, i) => [`a:b${i}`, conditions]));
    assert.deepEqual(readNarrowedScopes(claim), new Map(Object.entries(claim)));
    assert.deepEqual(readNarrowedScopes({}), new Map());
  });

  for (const claim of [
    ...["a:b", null, false, 0, [], [["a:b", ["x"]]], { "a:b": [] }, { "a:b": "x" }, { "a:b": null }, { "a:b": {} }],
    ...[
      { "a:b": [""] },
      { "a:b": [1] },
      { "a:b": [null] },
      { "a:b": [{ length: 1 }] },
      { "a:b": ["x", 1] },
      { "a:b": ["x"], "c:d": [] },
    ],
    { "a:b": { length: 1 } },
    { "a:b": Array(maximumConditions + 1).fill("x") },
    { "a:b": ["x".repeat(maximumConditionLength + 1)] },
    Object.fromEntries(Array.from({ length: maximumNarrowedScopes + 1 }, (_, i) => [`a:b${i}`, ["x"]])),
  ]) {
    it(`are malformed with ${JSON.stringify(claim).slice(0, 40)}`, () =>
      malformed(() => readNarrowedScopes(claim), "its narrowed scopes are no map of lists of conditions"));
  }
});
