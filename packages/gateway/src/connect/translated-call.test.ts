import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { RunnableMethod, ServedCall, TranslatedPeer } from "@interlock/bot/internal";
import type { Reset, StreamHandler } from "@interlock/wire";
import type { ConnectRequest } from "./read-request.js";
import { TranslatedCall } from "./translated-call.js";

const never = 2 ** 31 - 1;
const message = Buffer.from([0, 0, 0, 0, 1, 7]);

/** A unary call in proto, on a response that takes everything; its caller may have `limit` bytes of answers. */
function setUp({ limit = Number.POSITIVE_INFINITY, onData = () => {} } = {}) {
  const heads: number[] = [];
  const bodies: string[] = [];
  const response = Object.assign(new EventEmitter(), {
    req: { headers: {}, complete: true },
    writeHead: (status: number) => heads.push(status),
    end: (body: Buffer) => bodies.push(String(body)),
  });
  const passed: unknown[] = [];
  const served = {
    method: { kind: "unary", policy: {} },
    maximumRequestBytes: 1_024,
    pass: () => passed.push("passed"),
  } as unknown as RunnableMethod;
  const form = {
    codec: "proto",
    encoding: "identity",
    headers: [],
    isCall: true,
    isStream: false,
    takesGzip: false,
    message: Buffer.of(7),
    callable: { served, forms: undefined },
  } as unknown as ConnectRequest;
  const call = new TranslatedCall(
    { headers: {} } as IncomingMessage,
    response as unknown as ServerResponse,
    form,
    never,
  );
  const resets: Reset[] = [];
  const handler: StreamHandler = { onHeaders() {}, onData() {}, onRoom() {}, onReset: (reset) => resets.push(reset) };
  let held = 0;
  let waiting: RunnableMethod | undefined;
  const peer = {
    begin(_stream: unknown, _headers: unknown, method: RunnableMethod | undefined) {
      waiting = method;
      return handler;
    },
    meter() {
      let own = 0;
      return {
        received(bytes: number) {
          own += bytes;
          held += bytes;
          return held > limit ? "REQUEST_BYTES_LIMIT" : undefined;
        },
        close() {
          held -= own;
          own = 0;
        },
      };
    },
  } as unknown as TranslatedPeer;
  call.begin(
    peer,
    () => assert.fail(),
    () => 0,
  );
  return {
    call,
    response,
    heads,
    bodies,
    resets,
    passed,
    held: () => held,
    /** The server has admitted it. */
    admit: () => waiting?.pass?.({ onData, onFault: assert.fail } as unknown as ServedCall, {} as never, {} as never),
  };
}

const settled = () => new Promise(setImmediate);
const refusal = [":status", "200", "grpc-status", "8"];

describe("a call of the Connect protocol", () => {
  it("is passed on when its request has come, unless that ends it", async () => {
    const one = setUp();
    one.admit();
    await settled();
    assert.deepEqual(one.passed, ["passed"]);

    const other = setUp({ onData: () => other.call.sendHeaders(refusal, true) });
    other.admit();
    await settled();
    assert.deepEqual([other.passed, other.heads], [[], [429]]);
  });

  it("takes no interim response for its answer", async () => {
    const { call, heads, resets } = setUp();
    call.sendHeaders([":status", "103", "link", "x"], false);
    assert.deepEqual([heads, call.closed], [[], false]);
    call.sendHeaders([":status", "200"], false);
    call.sendData(message, false);
    call.sendHeaders(["grpc-status", "0"], true);
    await settled();
    assert.deepEqual([heads, resets], [[200], []]);
  });

  it("ends at both sides where the answer has another status of HTTP and goes on", () => {
    const { call, heads, resets } = setUp();
    call.sendHeaders([":status", "502"], false);
    assert.deepEqual([heads, resets.map(({ cause }) => cause)], [[503], ["fault"]]);
    const ended = setUp();
    ended.call.sendHeaders([":status", "502"], true);
    assert.deepEqual([ended.heads, ended.resets], [[503], []]);
  });

  it("answers once where the last of an answer is malformed", () => {
    const { call, heads, resets } = setUp();
    call.sendHeaders([":status", "200"], false);
    call.sendData(Buffer.from([1, 0, 0, 0, 1, 7]), true);
    // What brings the last ends its call itself.
    assert.deepEqual([heads, resets], [[500], []]);
    const more = setUp();
    more.call.sendHeaders([":status", "200"], false);
    more.call.sendData(Buffer.from([1, 0, 0, 0, 1, 7]), false);
    assert.deepEqual([more.heads, more.resets.length], [[500], 1]);
  });

  it("counts its answer for its caller until that has it or has gone, and ends where it is too much", async () => {
    const one = setUp();
    one.call.sendHeaders([":status", "200"], false);
    one.call.sendData(message, false);
    one.call.sendHeaders(["grpc-status", "0"], true);
    await settled();
    assert.deepEqual([one.bodies, one.held()], [["\x07"], message.length]);
    one.response.emit("close");
    assert.equal(one.held(), 0);

    const other = setUp({ limit: message.length - 1 });
    other.call.sendHeaders([":status", "200"], false);
    other.call.sendData(message, false);
    assert.deepEqual([other.heads, other.resets.length], [[429], 1]);
    assert.match(other.bodies[0] ?? "", /unread answers/);
  });
});
