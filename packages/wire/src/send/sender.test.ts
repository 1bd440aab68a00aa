import assert from "node:assert/strict";
import { Duplex } from "node:stream";
import { frameType, initial } from "../frame/kinds.js";
import { nobody, Stream, type StreamHandler } from "../stream/stream.js";
import { type RawFrame, RawPeer } from "../testing/index.js";
import { Sender } from "./sender.js";

const windows = { send: 1_000_000, receive: 65_535, receiveSlack: 0 };

/** A sender whose frames can be read, at a socket that takes what it is given when the test says so. */
function createSender() {
  const wire: (() => void)[] = [];
  const reader = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const peer = new RawPeer(reader);
  const socket = new Duplex({
    read() {},
    write(chunk, _encoding, done) {
      reader.push(chunk);
      wire.push(done);
    },
  });
  const done: number[] = [];
  let content = 0;
  const sender = new Sender(socket, {
    lastFrameSent: ({ id }) => done.push(id),
    contentSent: () => content++,
  });
  socket.on("drain", () => sender.drained());
  const owner = {} as ConstructorParameters<typeof Stream>[1];
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return {
    sender,
    socket,
    done,
    content: () => content,
    stream: (id: number, send = windows.send, handler: StreamHandler = nobody) =>
      new Stream(id, owner, handler, { ...windows, send }),
    /** What has been written, once the socket has taken all of it. */
    async frames(): Promise<RawFrame[]> {
      sender.flush();
      do {
        wire.shift()?.();
        await turn();
      } while (wire.length > 0);
      return peer.frames.splice(0);
    },
  };
}

const shortOf = ({ type, flags, streamId, payload }: RawFrame) => [type, flags, streamId, payload.length];

describe("Sender", () => {
  it("cuts content into frames of 16 KiB, the last of which ends the stream", async () => {
    const { sender, stream, done, frames } = createSender();
    sender.window.add(1_000_000);
    assert.ok(sender.data(stream(1), Buffer.alloc(40_000), true));
    assert.deepEqual((await frames()).map(shortOf), [
      [0, 0, 1, 16_384],
      [0, 0, 1, 16_384],
      [0, 1, 1, 7_232],
    ]);
    assert.deepEqual(done, [1]);
  });

  it("sends an empty frame without a window", async () => {
    const { sender, stream, frames } = createSender();
    sender.window.bytes = 0;
    const one = stream(1, -5);
    assert.ok(sender.data(one, Buffer.alloc(0), true));
    assert.deepEqual((await frames()).map(shortOf), [[0, 1, 1, 0]]);
  });

  it("puts a prefix before a message, short or long, empty or not", async () => {
    for (const length of [0, 1, 8_187, 8_188, 20_000]) {
      const { sender, stream, frames } = createSender();
      sender.message(stream(1), 1, new Uint8Array(length).fill(7), true);
      const sent = await frames();
      const bytes = Buffer.concat(sent.map(({ payload }) => payload));
      assert.equal(bytes[0], 1);
      assert.equal(bytes.readUInt32BE(1), length);
      assert.equal(bytes.length, length + 5);
      assert.ok(bytes.subarray(5).every((byte) => byte === 7));
      assert.equal(sent.at(-1)?.flags, 1);
    }
  });

  it("sends as much as both windows allow, and the rest when they grow", async () => {
    const { sender, stream, frames } = createSender();
    const one = stream(1, 100);
    assert.ok(!sender.data(one, Buffer.alloc(300), true));
    assert.equal(sender.queuedBytes, 200);
    assert.deepEqual((await frames()).map(shortOf), [[0, 0, 1, 100]]);
    one.sendWindow.add(150);
    sender.window.bytes = 50;
    sender.opened(one);
    sender.pump();
    assert.deepEqual((await frames()).map(shortOf), [[0, 0, 1, 50]]);
    sender.window.bytes = 1_000;
    sender.pump();
    assert.deepEqual((await frames()).map(shortOf), [[0, 0, 1, 100]]);
    one.sendWindow.add(50);
    sender.opened(one);
    sender.pump();
    assert.deepEqual((await frames()).map(shortOf), [[0, 1, 1, 50]]);
    assert.equal(sender.queuedBytes, 0);
    assert.equal(sender.heldBytes, 0);
  });

  it("has streams take turns, a frame each, also when the window of the connection comes in small parts", async () => {
    const { sender, stream, frames } = createSender();
    sender.window.bytes = 0;
    const streams = [1, 3, 5].map((id) => stream(id));
    for (const one of streams) assert.ok(!sender.data(one, Buffer.alloc(100_000), true));
    const order: number[] = [];
    for (let i = 0; i < 9; i++) {
      sender.window.bytes += 16_384;
      sender.pump();
      order.push(...(await frames()).map(({ streamId }) => streamId));
    }
    assert.deepEqual(order, [1, 3, 5, 1, 3, 5, 1, 3, 5]);
    sender.window.bytes += 16_384 * 6;
    sender.pump();
    const next = (await frames()).map(({ streamId }) => streamId);
    assert.deepEqual(next, [1, 3, 5, 1, 3, 5]);
  });

  it("lets no stream jump the queue of those that wait", async () => {
    const { sender, stream, frames } = createSender();
    sender.window.bytes = 0;
    const late = stream(3);
    const early = stream(1, windows.send, {
      ...nobody,
      onRoom() {
        sender.data(early, Buffer.alloc(20_000), false);
      },
    });
    sender.data(early, Buffer.alloc(100), false);
    sender.data(late, Buffer.alloc(100), false);
    sender.window.bytes = 10_000;
    sender.pump();
    assert.deepEqual(
      (await frames()).map(({ streamId }) => streamId),
      [1, 3, 1],
    );
  });

  it("lets no short message jump the queue, either, and tells whether a message waits", async () => {
    const { sender, stream, frames } = createSender();
    sender.window.bytes = 0;
    const answers: boolean[] = [];
    const late = stream(3);
    const early = stream(1, windows.send, {
      ...nobody,
      onRoom() {
        if (answers.length < 3) answers.push(sender.message(early, 0, new Uint8Array(10), false));
      },
    });
    sender.data(early, Buffer.alloc(100), false);
    answers.push(sender.message(late, 0, new Uint8Array(95), true), sender.message(late, 0, new Uint8Array(0), true));
    sender.window.bytes = 10_000;
    sender.pump();
    assert.deepEqual((await frames()).map(shortOf), [
      [0, 0, 1, 100],
      [0, 1, 3, 105],
      [0, 0, 1, 15],
    ]);
    assert.deepEqual(answers, [false, false, false]);
    for (const length of [10, 8_187, 20_000]) {
      sender.window.bytes = 1_000_000;
      assert.ok(sender.message(stream(5), 0, new Uint8Array(length), true));
      sender.window.bytes = 5 + length - 1;
      assert.ok(!sender.message(stream(7), 0, new Uint8Array(length), true));
      sender.window.bytes = 5 + length;
      sender.pump();
      await frames();
      sender.window.bytes = 5 + length;
      assert.ok(sender.message(stream(9), 0, new Uint8Array(length), true));
      assert.ok(!sender.message(stream(11), 0, new Uint8Array(length), true));
      sender.window.bytes = 5 + length;
      sender.pump();
      sender.window.bytes = 1_000_000;
      assert.ok(!sender.message(stream(13, 5 + length - 1), 0, new Uint8Array(length), true));
      await frames();
    }
  });

  it("sends a short message as one frame, where its windows are just as large", async () => {
    const { sender, stream, frames, done } = createSender();
    sender.window.bytes = 105;
    assert.ok(sender.message(stream(1, 105), 0, new Uint8Array(100), true));
    assert.deepEqual((await frames()).map(shortOf), [[0, 1, 1, 105]]);
    assert.equal(sender.window.bytes, 0);
    assert.deepEqual(done, [1]);
  });

  it("a stream without a window stops no other", async () => {
    const { sender, stream, frames } = createSender();
    sender.data(stream(1, 0), Buffer.alloc(100), true);
    assert.ok(sender.data(stream(3), Buffer.alloc(100), true));
    assert.deepEqual((await frames()).map(shortOf), [[0, 1, 3, 100]]);
  });

  it("sends trailers after the content that waits", async () => {
    const { sender, stream, frames, done } = createSender();
    const one = stream(1, 10);
    sender.headers(one, [":status", "200"], false, false);
    sender.data(one, Buffer.alloc(20), false);
    sender.headers(one, ["grpc-status", "0"], true, true);
    assert.ok(one.endGiven);
    assert.deepEqual(
      (await frames()).map(({ type }) => type),
      [frameType.headers, frameType.data],
    );
    assert.deepEqual(done, []);
    one.sendWindow.add(10);
    sender.opened(one);
    sender.pump();
    assert.deepEqual(
      (await frames()).map(({ type, flags }) => [type, flags]),
      [
        [frameType.data, 0],
        [frameType.headers, 5],
      ],
    );
    assert.deepEqual(done, [1]);
  });

  it("tells once that there is room, when all has left the queue", async () => {
    const { sender, stream } = createSender();
    let rooms = 0;
    const one = stream(1, 0, { ...nobody, onRoom: () => rooms++ });
    assert.ok(!sender.data(one, Buffer.alloc(10), false));
    assert.ok(!sender.data(one, Buffer.alloc(10), false));
    for (const bytes of [10, 9]) {
      one.sendWindow.add(bytes);
      sender.opened(one);
      sender.pump();
      assert.equal(rooms, 0);
    }
    one.sendWindow.add(5);
    sender.opened(one);
    sender.pump();
    assert.equal(rooms, 1);
    assert.ok(sender.data(one, Buffer.alloc(1), false));
    assert.equal(rooms, 1);
  });

  it("waits while the socket has enough to do, and goes on in turns", async () => {
    const { sender, stream, frames } = createSender();
    sender.window.add(10_000_000);
    const [one, two] = [stream(1), stream(3)];
    assert.ok(!sender.data(one, Buffer.alloc(600_000), true));
    assert.ok(!sender.data(two, Buffer.alloc(600_000), true));
    assert.ok(sender.queuedBytes > 900_000, String(sender.queuedBytes));
    assert.ok(!sender.message(stream(5), 0, new Uint8Array(1), true));
    const ids = (await frames()).map(({ streamId }) => streamId);
    assert.equal(sender.queuedBytes, 0);
    const turns = ids.indexOf(3);
    assert.ok(turns >= 16 && turns <= 18, `${turns} frames were handed to the socket at once`);
    assert.deepEqual(ids.slice(turns, turns + 5), [3, 5, 1, 3, 1]);
  });

  it("forgets what waits of a stream that is over", async () => {
    const { sender, stream, frames } = createSender();
    sender.window.bytes = 0;
    const streams = [1, 3].map((id) => stream(id));
    for (const one of streams) sender.data(one, Buffer.alloc(100), true);
    sender.drop(streams[0] as Stream);
    sender.drop(streams[0] as Stream);
    assert.equal(sender.queuedBytes, 100);
    sender.window.bytes = 1_000;
    sender.pump();
    assert.deepEqual((await frames()).map(shortOf), [[0, 1, 3, 100]]);
    assert.equal(sender.heldBytes, 0);
  });

  it("counts frames that are as long as they were meant to be, not crumbs for which the peer gave a byte", async () => {
    const { sender, stream, content } = createSender();
    const one = stream(1, 0);
    sender.data(one, Buffer.alloc(100), false);
    for (let i = 0; i < 99; i++) {
      one.sendWindow.add(1);
      sender.opened(one);
      sender.pump();
    }
    assert.equal(content(), 0);
    sender.data(stream(3), Buffer.alloc(1), false);
    assert.equal(content(), 1);
  });

  it("cuts a header list that is longer than a frame, without another frame in between", async () => {
    const { sender, stream, frames } = createSender();
    const long = "x".repeat(40_000);
    sender.headers(stream(1), [":status", "200", "x", long], true, false);
    sender.frames.numbers(frameType.ping, 0, 0, 0, 0);
    const sent = await frames();
    assert.deepEqual(
      sent.map(({ type, flags }) => [type, flags]),
      [
        [frameType.headers, 1],
        [frameType.continuation, 0],
        [frameType.continuation, 4],
        [frameType.ping, 0],
      ],
    );
    assert.ok(sent.every(({ payload }) => payload.length <= initial.frameBytes));
  });
});
