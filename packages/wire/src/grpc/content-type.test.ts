import assert from "node:assert/strict";
import fc from "fast-check";
import { codecOf } from "./content-type.js";

describe('the content-type of a call (PROTOCOL-HTTP2, "Content-Type")', () => {
  for (const [contentType, codec] of [
    ["application/grpc", "proto"],
    ["application/grpc+proto", "proto"],
    ["application/grpc+json", "json"],
    ["application/grpc+foo", "foo"],
    ["application/grpc+proto+foo", "proto+foo"],
    ["application/grpc+protobuf", "protobuf"],
    ["application/grpc+", ""],
    // RFC 9110, section 8.3.1: no case, and parameters with spaces around them.
    ["Application/gRPC+Proto", "proto"],
    ["application/grpc;charset=utf-8", "proto"],
    ["application/grpc ; a=b; c=d", "proto"],
    ["application/grpc;", "proto"],
    ["application/grpc+json;a=b", "json"],
    ["application/grpc;+json", "proto"],
  ] as const) {
    it(`${contentType} is gRPC, with the codec "${codec}"`, () => assert.equal(codecOf(contentType), codec));
  }

  for (const contentType of [
    ...["", "application", "application/", "application/grp", "application/grpcfoo", "application/grpcproto"],
    ...["application/grpc-web", "application/grpc-web+proto", "application/grpc.foo", "application/grpc/proto"],
    ...["application/json", "application/proto", "text/plain", "text/application/grpc", "*/*", "grpc", ";"],
    ...["application/grpc, application/grpc", "application/grpc +proto", "application / grpc"],
  ]) {
    it(`${JSON.stringify(contentType)} is not gRPC`, () => assert.equal(codecOf(contentType), undefined));
  }

  it("can be anything", () => {
    const piece = fc.constantFrom("application/grpc", "+", ";", " ", "proto", "-web", "A", "\xff");
    fc.assert(
      fc.property(fc.string({ unit: piece }), (contentType) => {
        const essence = contentType.replace(/;.*/, "").trim();
        assert.equal(codecOf(contentType) !== undefined, /^application\/grpc(?:\+.*)?$/i.test(essence));
      }),
    );
  });
});
