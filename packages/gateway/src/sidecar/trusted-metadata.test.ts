import assert from "node:assert/strict";
import { spiffeId } from "@interlock/policy";
import { isStripped } from "../forward/request-list.js";
import { trustedMetadata, trustedNames } from "./trusted-metadata.js";

const of = (name: string) => spiffeId("cafe", name);

describe("the trusted metadata of a call", () => {
  it("names the caller, those that act for it, and what it may", () => {
    assert.deepEqual(
      trustedMetadata({ spiffeId: of("a/1"), actors: [of("b/1"), of("c/1")], scopes: new Set(["x:b", "x:a"]) }),
      [
        ...["interlock-caller", "spiffe://cafe/a/1"],
        ...["interlock-actors", "spiffe://cafe/b/1 spiffe://cafe/c/1"],
        ...["interlock-scopes", "x:a x:b"],
      ],
    );
    assert.deepEqual(trustedMetadata({ spiffeId: of("a/1"), actors: [], scopes: new Set() }), [
      ...["interlock-caller", "spiffe://cafe/a/1"],
    ]);
  });

  it("has no name that a caller could send", () => {
    for (const name of Object.values(trustedNames)) assert.ok(isStripped(name), name);
  });
});
