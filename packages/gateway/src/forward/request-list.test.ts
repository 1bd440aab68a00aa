import assert from "node:assert/strict";
import { requestList, requestTrailers } from "./request-list.js";

const forged = [
  ...["authorization", "Bearer theirs", "interlock-voucher", "v", "x-forwarded-client-cert", "By=me", "host", "other"],
  ...["x-envoy-peer-metadata", "p", "x-original-host", "h", "forwarded", "for=me", "x-real-ip", "1.2.3.4", "via", "x"],
];

describe("the header list of a request that goes on", () => {
  it("has what came, in its order and as often, another authority, and what is added", () => {
    const came = [":method", "POST", ":path", "/a/B", ":scheme", "http", ":authority", "gateway", "te", "trailers"];
    const more = ["x", "1", "x", "2", "grpc-timeout", "1S", "y-bin", "AAE", "x", "1"];
    const parts = { scheme: "https", authority: "bot:1", added: ["authorization", "Bearer ours"] } as const;
    assert.deepEqual(requestList([...came, ...forged, ...more], parts), [
      ...[":method", "POST", ":scheme", "https", ":authority", "bot:1", ":path", "/a/B", "te", "trailers"],
      ...[...more, "authorization", "Bearer ours"],
    ]);
    assert.equal(requestList(more, { ...parts, timeout: "900m" })[11], "900m");
  });

  it("has trailers without what names a caller or a hop", () => {
    const list = requestTrailers(["x-digest", "1", ...forged, "x-digest", "2"]);
    assert.deepEqual(list, ["x-digest", "1", "x-digest", "2"]);
  });
});
