import assert from "node:assert/strict";
import { isAsciiValue, isBinaryName, metadataNameFault } from "./metadata-rules.js";

describe('the names of custom metadata (PROTOCOL-HTTP2, "Custom-Metadata")', () => {
  for (const name of ["a", "x-trace", "a.b_c-9", "0", "-", "authorization", "date", "grpc", "grpcx", "x-bin"]) {
    it(`${name} can be one`, () => assert.equal(metadataNameFault(name), undefined));
  }
  for (const name of ["grpc-previous-rpc-attempts", "grpc-status-details-bin", "grpc-trace-bin", "grpc-tags-bin"]) {
    it(`${name} can be one, though it begins as gRPC's do`, () => assert.equal(metadataNameFault(name), undefined));
  }

  for (const name of ["", "A", "a b", "a\n", "\na", "é", "a:b", "a/b", "a,b", "a\0", "x-Bin"]) {
    it(`${JSON.stringify(name)} is malformed`, () => assert.equal(metadataNameFault(name), "malformed"));
  }

  for (const name of [
    ...["grpc-timeout", "grpc-status", "grpc-message", "grpc-encoding", "grpc-accept-encoding", "grpc-", "grpc-x-bin"],
    ...[":path", ":status", ":", ":x"],
    ...["content-type", "content-length", "user-agent", "te", "host", "trailer"],
    // RFC 9113, section 8.2.2.
    ...["connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade", "http2-settings"],
  ]) {
    it(`${name} is reserved`, () => assert.equal(metadataNameFault(name), "reserved"));
  }

  it('has bytes where it ends in "-bin"', () => {
    assert.deepEqual(["x-bin", "-bin", "x-binary", "bin", "x_bin"].map(isBinaryName), [
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});

describe('a value of custom metadata (PROTOCOL-HTTP2, "ASCII-Value")', () => {
  for (const value of ["", "a", "a b", "~!\"#$%&'()*+,-./:;<=>?@[]^_`{|}"]) {
    it(`${JSON.stringify(value)} can be sent`, () => assert.ok(isAsciiValue(value)));
  }
  for (const value of [" ", " a", "a ", "\ta", "a\tb", "a\n", "\0", "\x7f", "\x80", "é", "语"]) {
    it(`${JSON.stringify(value)} cannot be sent`, () => assert.ok(!isAsciiValue(value)));
  }
});
