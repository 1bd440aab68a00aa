import assert from "node:assert/strict";
import { Metadata } from "@grpc/grpc-js";
import { checkMetadata } from "./check-metadata.js";

describe("metadata of a call", () => {
  function check(entries: Readonly<Record<string, string | Buffer | readonly string[]>>): void {
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(entries)) {
      for (const one of Array.isArray(value) ? value : [value]) metadata.add(name, one);
    }
    checkMetadata(metadata);
  }
  const invalid = { code: "INVALID_ARGUMENT" };

  it("is sent where it can be", () => {
    check({});
    check({
      "x-request-id": "7",
      traceparent: "00-ab-cd-01",
      tracestate: "a=b,c=d",
      empty: "",
      cookie: ["a=b", "c=d"],
    });
    check({ "spaces-bin": Buffer.from("  ä  "), "grpc-trace-bin": Buffer.of(1), "x-many": ["a", "b"], date: "today" });
  });

  it("has no names that belong to HTTP/2, gRPC or Interlock", () => {
    const names = [
      "connection",
      "keep-alive",
      "proxy-connection",
      "upgrade",
      "transfer-encoding",
      "http2-settings",
      "host",
      "te",
    ];
    names.push(
      "trailer",
      "content-type",
      "content-length",
      "user-agent",
      "grpc-timeout",
      "grpc-encoding",
      "grpc-status",
    );
    names.push("grpc-internal-x", "interlock-vouch", "Connection", "TE", "Grpc-Timeout");
    for (const name of names) assert.throws(() => check({ [name]: "x" }), invalid, name);
    for (const name of ["authorization", "interlock-token-reference"])
      assert.throws(() => check({ [name]: "x" }), invalid);
  });

  it("has one value of a name of which HTTP/2 sends one", () => {
    for (const name of ["date", "etag", "from", "referer"]) {
      check({ [name]: "x" });
      assert.throws(() => check({ [name]: ["x", "y"] }), invalid, name);
    }
  });

  it("has no values that would arrive as others", () => {
    for (const value of [" a", "a ", " ", "\ta", "a\t"]) assert.throws(() => check({ name: value }), Error, value);
    const metadata = { get: () => [], toHttp2Headers: () => ({ name: "ä" }) } as unknown as Metadata;
    assert.throws(() => checkMetadata(metadata), { ...invalid, message: /"name-bin"/ });
  });

  it("is bounded", () => {
    const exhausted = { code: "RESOURCE_EXHAUSTED" };
    check({ big: "x".repeat(32_000) });
    assert.throws(() => check({ big: "x".repeat(33_000) }), exhausted);
    assert.throws(() => check({ "big-bin": Buffer.alloc(25_000) }), exhausted);
    assert.throws(() => check({ many: Array(101).fill("x") }), exhausted);
    assert.throws(() => check(Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`n-${i}`, "x"]))), exhausted);
  });
});
