import assert from "node:assert/strict";
import { requestMetadata, responseMetadata, trailersJson } from "./metadata.js";

describe("metadata over HTTP", () => {
  it("leaves out what belongs to HTTP, to Connect, to gRPC and to us", () => {
    const raw = [
      "Host",
      "a",
      "Connect-Timeout-Ms",
      "1",
      "grpc-timeout",
      "1S",
      "interlock-voucher",
      "v",
      "Accept",
      "*/*",
    ];
    const kept = [
      "X-One",
      "1",
      "x-one",
      "2",
      "User-Agent",
      "curl",
      "authorization",
      "Bearer t",
      "grpc-trace-bin",
      "AA",
    ];
    assert.deepEqual(requestMetadata([...raw, ...kept]), {
      headers: kept.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text)),
      malformed: undefined,
    });
  });

  it("refuses values that gRPC cannot have", () => {
    assert.deepEqual(requestMetadata(["x-name", "caf\u00e9"]), { headers: [], malformed: "x-name" });
  });

  it("of an answer has no header that would say something of HTTP, or only concerns its connection", () => {
    const list = [":status", "200", "content-type", "x", "content-length", "7", "transfer-encoding", "chunked"];
    const own = [
      "content-encoding",
      "br",
      "access-control-allow-origin",
      "*",
      "grpc-status",
      "0",
      "interlock-voucher",
      "v",
      "connect-x",
      "1",
      "trailer-x",
      "1",
    ];
    const kept = ["x-one", "1", "x-one", "2", "interlock-call-id", "abc"];
    assert.deepEqual(responseMetadata([...list, ...own, ...kept], ""), kept);
    assert.deepEqual(responseMetadata(["x-one", "1"], "trailer-"), ["trailer-x-one", "1"]);
    const json = trailersJson([...own, ...kept, "__proto__", "p"]);
    assert.deepEqual(
      JSON.parse(JSON.stringify(json)),
      JSON.parse('{"x-one":["1","2"],"interlock-call-id":["abc"],"__proto__":["p"]}'),
    );
  });
});
