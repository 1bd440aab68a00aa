import assert from "node:assert/strict";
import { type DecodedBlock, readOnce } from "@interlock/wire";
import { responseListOf } from "./response-list.js";

const blockOf = (...headers: string[]): DecodedBlock => ({ headers, size: 0, neverIndexed: undefined });

describe("a header list of an answer", () => {
  it("goes on without what the bot says of its connection", () => {
    const { headers, own } = responseListOf(
      blockOf(":status", "200", "interlock-voucher", "v", "x-a", "1", "interlock-token-reference-offer", "t"),
    );
    assert.deepEqual(headers, [":status", "200", "x-a", "1"]);
    assert.deepEqual(own, ["interlock-voucher", "v", "interlock-token-reference-offer", "t"]);
  });

  it("is the same object when it comes again", () => {
    const block = blockOf("grpc-status", "0");
    const first = responseListOf(block);
    assert.equal(first.recurs, false);
    assert.equal(first.headers, block.headers);
    const second = responseListOf(block);
    assert.equal(second.headers, first.headers);
    assert.equal(second.recurs, true);
  });

  it("is read beside what a client on the same connection has worked out of it", () => {
    const block = blockOf("grpc-status", "0");
    const readByClient = () => ({ status: 0 });
    for (let i = 0; i < 2; i++) {
      assert.deepEqual(readOnce(block, readByClient), { status: 0 });
      assert.deepEqual(responseListOf(block).headers, ["grpc-status", "0"]);
    }
  });
});
