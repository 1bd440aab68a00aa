import assert from "node:assert/strict";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { InterlockError } from "../base/error.js";
import { EchoService } from "../testing/test-fleet.js";
import { IncomingRequest } from "./incoming-request.js";
import type { ServedMethod } from "./options.js";
import type { RequestHead } from "./request-head.js";

function framed(content: string, flag = 0): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(content.length, 1);
  return Buffer.concat([head, Buffer.from(content)]);
}

describe("the request of a call", () => {
  const faults: string[] = [];
  let whole = 0;
  let credited = 0;
  const expected: number[] = [];
  const owner = {
    callerUri: "spiffe://test/a",
    onWhole: () => whole++,
    onFault({ code, reason }: InterlockError) {
      faults.push(reason ?? code);
      current.close(); // As the call does.
    },
    credit: (bytes: number) => (credited += bytes),
    expect: (bytes: number) => expected.push(bytes),
  };
  let current: IncomingRequest;
  const unpacked: string[] = [];
  const options = {
    clock: { now: () => 0 },
    requestBytesPerPeer: 2 ** 20,
    async unpack(packed: Buffer) {
      unpacked.push(String(packed));
      return Buffer.from(`${packed}!`);
    },
  };
  const { echo, join } = EchoService.methods;

  beforeEach(() => {
    faults.length = 0;
    unpacked.length = 0;
    whole = 0;
    credited = 0;
    expected.length = 0;
  });

  function request(
    method: typeof echo | typeof join,
    head: Partial<RequestHead> = {},
    maximumRequestBytes = 100,
    load = { calls: 1, bytes: 0 },
  ) {
    const served = { method, maximumRequestBytes } as unknown as ServedMethod;
    const heads = { encoding: "identity", userAgent: "interlock/1", ...head } as RequestHead;
    current = new IncomingRequest(owner as never, heads, served, load, options);
    return current;
  }

  it("is whole with its one message and its end, in any pieces", () => {
    const one = request(echo);
    for (const byte of framed("hello")) one.push(Buffer.of(byte));
    assert.deepEqual([one.isReady, whole, credited], [false, 0, 10]);
    assert.deepEqual(expected, [5, 4, 3, 2, 1], "the rest of it, once its length is known");
    one.end();
    assert.deepEqual([one.isReady, whole, String(one.message), faults], [true, 1, "hello", []]);
  });

  it("lets in at once what is the share of one of its bot's calls, and no more", () => {
    const load = { calls: 4, bytes: 0 };
    const message = framed("a".repeat(256 * 1_024));
    // Of 2^20 bytes, 1,005 and the cost of a frame have come; a fourth of the rest is 261,861.
    const one = request(echo, {}, 2 ** 20, load);
    one.push(message.subarray(0, 1_005));
    assert.deepEqual(expected, [261_144]);
    load.bytes += 4_000;
    one.push(message.subarray(1_005, 1_006));
    assert.deepEqual(expected, [261_144]);
    const other = { calls: 1, bytes: 0 };
    one.charge(other);
    one.push(message.subarray(1_006, 1_007));
    assert.deepEqual(expected, [261_144, 261_142]);
  });

  const wrong: readonly [what: string, bytes: Buffer, fault: string][] = [
    ["no message", Buffer.alloc(0), "UNIMPLEMENTED"],
    ["two messages", Buffer.concat([framed("a"), framed("b")]), "UNIMPLEMENTED"],
    ["a message that is cut off", framed("hello").subarray(0, 7), "INTERNAL"],
    ["a head that is cut off", framed("hello").subarray(0, 3), "INTERNAL"],
    ["a flag that does not exist", framed("hello", 2), "INTERNAL"],
    ["a compressed message where no encoding was named", framed("hello", 1), "INTERNAL"],
    ["a message that is too large", framed("a".repeat(101)), "REQUEST_TOO_LARGE"],
  ];
  for (const [what, bytes, fault] of wrong) {
    it(`is refused with ${what}`, () => {
      const one = request(echo);
      one.push(bytes);
      one.end();
      assert.deepEqual([faults, whole], [[fault], 0]);
    });
  }

  it("is unpacked when its handler waits for it, and in order", async () => {
    const many = request(join, { encoding: "gzip" });
    many.push(Buffer.concat([framed("a", 1), framed("b"), framed("c", 1)]));
    many.end();
    await nextTurn();
    assert.deepEqual(unpacked, []);
    const inbox = many.inbox as NonNullable<typeof many.inbox>;
    const next = async () => inbox.take() ?? ((await inbox.arrival()) ? inbox.take() : undefined);
    assert.equal(String(await next()), "a!");
    await nextTurn();
    assert.deepEqual(unpacked, ["a"]);
    const rest: string[] = [];
    for (let message = await next(); message; message = await next()) rest.push(String(message));
    assert.deepEqual([rest, unpacked, many.halfClosed], [["b", "c!"], ["a", "c"], true]);
  });

  it("holds back the sender of a stream that nobody reads, and lets it go on when it is read", async () => {
    const many = request(join, {}, 100_000);
    const large = framed("a".repeat(50_000));
    for (let i = 0; i < 4; i++) many.push(large);
    assert.equal(credited, large.length);
    const inbox = many.inbox as NonNullable<typeof many.inbox>;
    for (let i = 0; i < 4; i++) assert.ok(inbox.take());
    assert.equal(credited, 4 * large.length);
  });
});
