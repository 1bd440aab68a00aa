import assert from "node:assert/strict";
import { Metadata } from "@grpc/grpc-js";
import { authorizationIn, hasToken, removeToken, showToken } from "./authorization.js";
import { offeredBy, offerReference, referencesIn, referenceTo, referToToken } from "./reference.js";

const standard = "authorization";
const reference = "interlock-token-reference";

function metadataOf(...entries: [key: string, value: string][]): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of entries) metadata.add(key, value);
  return metadata;
}

describe("the authorization metadata", () => {
  it("is read whole, or as the reference to one, as often as it is there", () => {
    assert.deepEqual(authorizationIn(metadataOf([standard, "Bearer a"])), ["Bearer a"]);
    assert.deepEqual(referencesIn(metadataOf([standard, "Bearer a"])), []);
    assert.deepEqual(authorizationIn(metadataOf([reference, "abc"])), []);
    assert.deepEqual(referencesIn(metadataOf([reference, "abc"], [reference, "def"])), ["abc", "def"]);
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
