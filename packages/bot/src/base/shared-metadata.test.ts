import assert from "node:assert/strict";
import { Metadata } from "@grpc/grpc-js";
import { SharedMetadata } from "./shared-metadata.js";

describe("metadata that calls share", () => {
  it("has what it is made of, and works out once what HTTP/2 sends of it", () => {
    const metadata = new Metadata({ waitForReady: true });
    metadata.add("a", "1");
    metadata.add("a", "2");
    metadata.set("b-bin", Buffer.from("x"));
    const shared = SharedMetadata.of(metadata);
    assert.deepEqual(shared.toHttp2Headers(), { a: ["1", "2"], "b-bin": "eA==" });
    assert.equal(shared.toHttp2Headers(), shared.toHttp2Headers());
    assert.equal(shared.getOptions().waitForReady, true);
  });

  it("has copies that may change", () => {
    const copy = SharedMetadata.of(new Metadata()).clone();
    copy.toHttp2Headers();
    copy.set("a", "1");
    assert.deepEqual(copy.toHttp2Headers(), { a: "1" });
  });
});
