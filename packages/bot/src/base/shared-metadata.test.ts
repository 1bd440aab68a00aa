import assert from "node:assert/strict";
import { Metadata } from "@grpc/grpc-js";
import { SharedMetadata } from "./shared-metadata.js";

describe("metadata that calls share", () => {
  const metadata = new Metadata({ waitForReady: true });
  metadata.add("a", "1");
  metadata.add("a", "2");
  metadata.set("b-bin", Buffer.from("x"));
  const shared = SharedMetadata.of(metadata);
  const sent = { a: ["1", "2"], "b-bin": "eA==" };

  it("has what it is made of, and works out once what HTTP/2 sends of it", () => {
    assert.deepEqual(shared.toHttp2Headers(), sent);
    assert.equal(shared.forCall().toHttp2Headers(), shared.toHttp2Headers());
    assert.equal(shared.forCall().getOptions().waitForReady, true);
  });

  it("is metadata of one call's own, whatever that does with it", () => {
    const added = new Metadata();
    added.merge(shared.forCall());
    for (const one of [added, shared.forCall().clone(), shared.forCall()]) {
      assert.deepEqual(one.get("a"), ["1", "2"]);
      one.set("a", "3");
      one.add("traceparent", "00");
      one.remove("b-bin");
      one.setOptions({});
      assert.deepEqual(one.toHttp2Headers(), { a: "3", traceparent: "00" });
    }
    assert.deepEqual(shared.toHttp2Headers(), sent);
    assert.deepEqual(shared.clone().toHttp2Headers(), sent);
    assert.equal(shared.getOptions().waitForReady, true);
  });
});
