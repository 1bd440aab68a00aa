import assert from "node:assert/strict";
import { Metadata } from "@grpc/grpc-js";
import { hasToken, removeToken, shownIn, showToken } from "./authorization.js";
import { offeredBy, offerReference, referenceTo, refersToToken, referToToken } from "./reference.js";

const standard = "authorization";
const reference = "interlock-token-reference";

function metadataOf(...entries: [key: string, value: string][]): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of entries) metadata.add(key, value);
  return metadata;
}

describe("the authorization metadata", () => {
  it("is read whole, or as the reference to one", () => {
    assert.equal(shownIn(metadataOf([standard, "Bearer a"])), "Bearer a");
    assert.equal(shownIn(metadataOf([reference, "abc"])), "abc");
    assert.equal(refersToToken(metadataOf([standard, "Bearer a"])), false);
    assert.equal(refersToToken(metadataOf([reference, "abc"])), true);
  });

  it("is refused when it is not there, or more than once, under one name or both", () => {
    assert.throws(() => shownIn(metadataOf(["x", "Bearer a"])), { reason: "TOKEN_MISSING" });
    for (const [one, other] of [
      [standard, standard],
      [reference, reference],
      [standard, reference],
    ] as const) {
      const twice = metadataOf([one, "Bearer a"], [other, "Bearer a"]);
      assert.throws(() => shownIn(twice), { reason: "TOKEN_DUPLICATED" });
    }
  });

  it("is shown whole or referred to by 128 bits, and known to be there", () => {
    assert.deepEqual(showToken("Bearer a").getMap(), { [standard]: "Bearer a" });
    assert.deepEqual(referToToken("Bearer a").getMap(), { [reference]: referenceTo("Bearer a") });
    assert.match(referenceTo("Bearer a"), /^[\w-]{22}$/);
    assert.notEqual(referenceTo("Bearer a"), referenceTo("Bearer b"));
    assert.equal(hasToken(metadataOf(["x", "y"])), false);
    assert.equal(hasToken(metadataOf([standard, ""])), true);
    assert.equal(hasToken(metadataOf([reference, ""])), true);
  });

  it("is taken out under both names, and nothing else is", () => {
    const metadata = metadataOf([standard, "a"], [reference, "b"], ["x", "y"]);
    removeToken(metadata);
    assert.deepEqual(metadata.getMap(), { x: "y" });
  });

  it("is offered to be referred to by the thumbprint of a certificate", () => {
    const offer = offerReference({ thumbprint: "abc" });
    assert.deepEqual(offer.getMap(), { "interlock-token-reference-offer": "abc" });
    assert.equal(offeredBy(offer), "abc");
    assert.equal(offeredBy(new Metadata()), undefined);
  });
});
