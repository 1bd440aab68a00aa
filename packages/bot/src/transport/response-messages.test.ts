import assert from "node:assert/strict";
import type { Stream } from "@interlock/wire";
import type { Deliverer } from "./delivery.js";
import { ResponseMessages } from "./response-messages.js";

describe("the messages of a response", () => {
  const owner = {} as Deliverer;
  let told: [what: string, bytes: number][];
  const stream = {
    consumed: (bytes: number) => told.push(["consumed", bytes]),
    expect: (bytes: number) => told.push(["expect", bytes]),
  } as unknown as Stream;

  beforeEach(() => {
    told = [];
  });

  function framed(length: number): Buffer {
    const bytes = Buffer.alloc(5 + length);
    bytes.writeUInt32BE(length, 1);
    return bytes;
  }

  it("give the window back, and ask for the rest of a message, as long as nothing waits", () => {
    const messages = new ResponseMessages(2_000);
    const long = framed(1_000);
    messages.push(long.subarray(0, 3));
    messages.credit(stream);
    assert.deepEqual(told, [["consumed", 3]], "its length is not known yet");
    messages.push(long.subarray(3, 105));
    messages.credit(stream);
    assert.deepEqual(told.splice(0), [
      ["consumed", 3],
      ["expect", 900],
      ["consumed", 102],
    ]);
    messages.push(long.subarray(105));
    messages.push(framed(100).subarray(0, 50));
    messages.credit(stream);
    assert.deepEqual(told, [], "one waits for its reader");
    assert.equal((messages.take(stream, "identity", owner) as Buffer).length, 1_000);
    assert.deepEqual(told, [
      ["expect", 55],
      ["consumed", 950],
    ]);
  });

  it("ask for no more than a message may have", () => {
    const messages = new ResponseMessages(2_000);
    assert.deepEqual(messages.push(framed(2_001).subarray(0, 5)), { kind: "too-large", length: 2_001 });
    messages.credit(stream);
    assert.ok(!told.some(([what, bytes]) => what === "expect" && bytes > 2_000));
  });
});
