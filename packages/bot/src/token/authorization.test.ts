import assert from "node:assert/strict";
import { Metadata } from "@grpc/grpc-js";
import { authorizationOf, hasToken, offeredBy, offerIndexedToken, removeToken, showToken } from "./authorization.js";

const standard = "authorization";
const indexed = "interlock-authorization";

function metadataOf(...entries: [key: string, value: string][]): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of entries) metadata.add(key, value);
  return metadata;
}

describe("the authorization metadata", () => {
  it("is read under either of its names", () => {
    assert.equal(authorizationOf(metadataOf([standard, "Bearer a"])), "Bearer a");
    assert.equal(authorizationOf(metadataOf([indexed, "Bearer b"])), "Bearer b");
  });

  it("is refused when it is not there, or more than once, under one name or both", () => {
    assert.throws(() => authorizationOf(metadataOf(["x", "Bearer a"])), { reason: "TOKEN_MISSING" });
    for (const [one, other] of [
      [standard, standard],
      [indexed, indexed],
      [standard, indexed],
    ] as const) {
      const twice = metadataOf([one, "Bearer a"], [other, "Bearer a"]);
      assert.throws(() => authorizationOf(twice), { reason: "TOKEN_DUPLICATED" });
    }
  });

  it("is shown under the name that the server takes, and known to be there", () => {
    assert.deepEqual(showToken("Bearer a", false).getMap(), { [standard]: "Bearer a" });
    assert.deepEqual(showToken("Bearer a", true).getMap(), { [indexed]: "Bearer a" });
    assert.equal(hasToken(metadataOf(["x", "y"])), false);
    assert.equal(hasToken(metadataOf([standard, ""])), true);
    assert.equal(hasToken(metadataOf([indexed, ""])), true);
  });

  it("is taken out under both names, and nothing else is", () => {
    const metadata = metadataOf([standard, "a"], [indexed, "b"], ["x", "y"]);
    removeToken(metadata);
    assert.deepEqual(metadata.getMap(), { x: "y" });
  });

  it("is offered the short name by the thumbprint of a certificate", () => {
    const offer = offerIndexedToken({ thumbprint: "abc" });
    assert.deepEqual(offer.getMap(), { "interlock-authorization-offer": "abc" });
    assert.equal(offeredBy(offer), "abc");
    assert.equal(offeredBy(new Metadata()), undefined);
  });
});
