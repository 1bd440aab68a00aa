import assert from "node:assert/strict";
import { Metadata } from "@grpc/grpc-js";
import { RequestHeaders } from "./request-headers.js";

const metadataOf = (fields: Record<string, string | Buffer>) => {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(fields)) metadata.set(name, value);
  return metadata;
};

const start = [
  ...[":method", "POST", ":scheme", "https", ":authority", "a:1", ":path", "/s/m"],
  ...["te", "trailers", "content-type", "application/grpc", "user-agent", "me/1"],
  ...["grpc-accept-encoding", "identity,deflate,gzip"],
];

describe("RequestHeaders", () => {
  it("writes what a request begins with, in the order of the protocol", () => {
    const headers = new RequestHeaders("me/1");
    const metadata = metadataOf({ a: "1", "b-bin": Buffer.from([1, 2]) });
    metadata.add("a", "2");
    const list = headers.of("/s/m", "a:1", "5S", "gzip", metadata);
    assert.deepEqual(list, [
      ...start,
      "grpc-encoding",
      "gzip",
      "grpc-timeout",
      "5S",
      "a",
      "1",
      "a",
      "2",
      "b-bin",
      "AQI=",
    ]);
    assert.deepEqual(headers.of("/s/m", "a:1", "", "identity", new Metadata()), start);
  });

  it("gives the same object to calls that say the same, and to no others", () => {
    const headers = new RequestHeaders("me/1");
    const list = headers.of("/s/m", "a:1", "5S", "identity", metadataOf({ x: "1" }));
    assert.equal(headers.isRecurring, false);
    assert.equal(headers.of("/s/m", "a:1", "5S", "identity", metadataOf({ x: "1" })), list);
    assert.equal(headers.isRecurring, true);
    const others = [
      headers.of("/s/m", "a:1", "5S", "identity", metadataOf({ x: "2" })),
      headers.of("/s/m", "a:1", "5S", "identity", metadataOf({ x: "2", y: "1" })),
      headers.of("/s/m", "a:1", "5S", "identity", new Metadata()),
      headers.of("/s/m", "b:1", "5S", "identity", new Metadata()),
      headers.of("/s/m", "b:1", "5S", "gzip", new Metadata()),
      headers.of("/s/m", "b:1", "5S", "identity", new Metadata()),
      headers.of("/s/m", "b:1", "6S", "identity", new Metadata()),
      headers.of("/s/n", "b:1", "6S", "identity", new Metadata()),
    ];
    assert.equal(headers.isRecurring, false);
    assert.equal(new Set(others).size, others.length);
  });

  it("leaves out what a caller must not set, and outer spaces", () => {
    const metadata = metadataOf({ te: "x", "user-agent": "x", connection: "close", "grpc-timeout": "1S", ok: " y " });
    const list = new RequestHeaders("me/1").of("/s/m", "a:1", "", "identity", metadata);
    assert.deepEqual(list, [...start, "ok", "y"]);
  });
});
