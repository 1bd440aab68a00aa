import assert from "node:assert/strict";
import type { Duplex } from "node:stream";
import { ConnectionError, errorCode } from "../frame/error-code.js";
import { flag, frameType, maximumInteger } from "../frame/kinds.js";
import { bounds, type Limits } from "../limits/limits.js";
import { nobody, type Reset, type Stream } from "../stream/stream.js";
import { memorySession } from "./helpers.test.js";

const { noError, cancel, protocolError, enhanceYourCalm, refusedStream } = errorCode;

describe("Streams", () => {
  const sockets: Duplex[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  function create(isServer = true, limits: Partial<Limits> = {}) {
    const { session, socket, sent } = memorySession(isServer, limits);
    sockets.push(socket);
    const { streams } = session;
    const told: Reset[] = [];
    const add = (id = 1): Stream => streams.add(id, { ...nobody, onReset: (reset) => told.push(reset) });
    const resets = () =>
      sent(frameType.rstStream).map(({ streamId, payload }) => [streamId, payload.readUInt32BE()] as const);
    return { session, streams, add, told, resets, sent };
  }

  it("take the other end's initial window, for those that are open and for new ones", () => {
    const { streams, add } = create();
    const before = add(1);
    assert.ok(streams.setSendWindow(100));
    assert.ok(streams.setSendWindow(100));
    assert.deepEqual([before.sendWindow.bytes, add(3).sendWindow.bytes], [100, 100]);
    before.sendWindow.bytes -= 60;
    assert.ok(streams.setSendWindow(50));
    assert.equal(before.sendWindow.bytes, -10);
    before.sendWindow.bytes = maximumInteger;
    assert.ok(!streams.setSendWindow(51));
  });

  it("of a server take the initial window of HTTP/2 until theirs is known; those of a client do not", () => {
    for (const [isServer, streamWindowBytes, most] of [
      [true, 1_000, 65_535],
      [true, 70_000, 70_000],
      [false, 1_000, 1_000],
    ] as const) {
      const { receiveWindow } = create(isServer, { streamWindowBytes }).add();
      assert.ok(receiveWindow.take(most));
      assert.ok(!receiveWindow.take(1));
    }
  });

  describe("that are reset", () => {
    it("are remembered unless their end has come", () => {
      for (const hasEnded of [false, true]) {
        const { streams, add, resets, told } = create();
        const [one, three] = [add(1), add(3)];
        for (const stream of [one, three]) if (hasEnded) streams.remoteEnded(stream);
        one.reset(cancel);
        one.reset(cancel);
        streams.fault(three, protocolError);
        streams.fault(three, protocolError);
        assert.deepEqual(resets(), [
          [1, cancel],
          [3, protocolError],
        ]);
        assert.deepEqual(told, [{ code: protocolError, cause: "fault", unprocessed: false }]);
        for (const id of [1, 3]) assert.equal(streams.recentlyReset.has(id), !hasEnded);
        assert.equal(streams.size, 0);
      }
    });

    it("by a server without an error after their last frame are so when it has gone out", () => {
      const { session, streams, add, resets, sent, told } = create();
      streams.setSendWindow(0);
      const stream = add();
      stream.sendData(Buffer.from("last"), true);
      stream.reset(noError);
      assert.deepEqual(resets(), []);
      assert.equal(stream.handler, nobody);
      streams.setSendWindow(10);
      session.sender.pump();
      assert.deepEqual(
        sent(frameType.data).map(({ payload, flags }) => [payload.toString(), flags]),
        [["last", flag.endStream]],
      );
      assert.deepEqual(resets(), [[1, noError]]);
      assert.deepEqual([stream.closed, streams.recentlyReset.has(1), told], [true, true, []]);
    });

    const atOnce: Readonly<Record<string, (created: ReturnType<typeof create>) => void>> = {
      "with an error": ({ add }) => {
        const stream = add();
        stream.sendData(Buffer.from("last"), true);
        stream.reset(cancel);
      },
      "before their last frame was given": ({ add }) => {
        const stream = add();
        stream.sendData(Buffer.from("more"), false);
        stream.reset(noError);
      },
      "after their last frame has gone out": ({ add, streams }) => {
        streams.setSendWindow(10);
        const stream = add();
        stream.sendData(Buffer.from("last"), true);
        stream.reset(noError);
      },
    };
    for (const [when, act] of Object.entries(atOnce)) {
      it(`${when} are so at once`, () => {
        const created = create();
        created.streams.setSendWindow(0);
        act(created);
        assert.equal(created.resets().length, 1);
        assert.equal(created.streams.size, 0);
      });
    }

    it("by a client are so at once", () => {
      const created = create(false);
      created.streams.setSendWindow(0);
      const stream = created.add();
      stream.sendData(Buffer.from("last"), true);
      stream.reset(noError);
      assert.deepEqual(created.resets(), [[1, noError]]);
    });
  });

  it("that are not taken are remembered unless their end has come", () => {
    const { streams, resets } = create();
    streams.refuse(1, true);
    streams.refuse(3, false);
    assert.deepEqual(resets(), [
      [1, refusedStream],
      [3, refusedStream],
    ]);
    assert.deepEqual(
      [1, 3].map((id) => streams.recentlyReset.has(id)),
      [false, true],
    );
  });

  it("count for a client where a fault of it has ended them, and not for a server", () => {
    const resets = { perSecond: 0, burst: 0 };
    const server = create(true, { resets });
    assert.throws(() => server.streams.fault(server.add(), protocolError), ConnectionError);
    const client = create(false, { resets });
    client.streams.fault(client.add(), protocolError);
    assert.equal(client.streams.size, 0);
  });

  it("are lost once, and only those above an id", () => {
    const { streams, add, told } = create();
    const [one, three] = [add(1), add(3)];
    const reset: Reset = { code: cancel, cause: "peer", unprocessed: false };
    assert.equal(streams.loseAbove(1, reset), undefined);
    streams.lose(three, reset);
    assert.deepEqual([one.closed, three.closed, told], [false, true, [reset]]);
  });

  it("that are over, or whose end was given, send nothing more, and say that there is room", () => {
    const { add, sent } = create();
    const [over, given] = [add(1), add(3)];
    over.reset(cancel);
    given.sendHeaders([":status", "200"], true);
    for (const stream of [over, given]) {
      assert.ok(stream.sendData(Buffer.alloc(100_000), true));
      assert.ok(stream.sendMessage(0, Buffer.alloc(100_000), true));
      stream.sendHeaders(["a", "b"], true);
    }
    assert.equal(sent(frameType.data).length, 0);
    assert.equal(sent(frameType.headers).length, 1);
  });

  it("give their window back until their end has come, or they are over", () => {
    const { streams, add, sent } = create(false, { streamWindowBytes: 1_000 });
    const all = [add(1), add(3), add(5)];
    const [open, ended, over] = all as [Stream, Stream, Stream];
    for (const stream of all) stream.receiveWindow.take(600);
    streams.remoteEnded(ended);
    over.reset(cancel);
    for (const stream of all) stream.consumed(600);
    assert.deepEqual(
      sent(frameType.windowUpdate).map(({ streamId, payload }) => [streamId, payload.readUInt32BE()]),
      [[open.id, 600]],
    );
  });

  it("make room at once for what is expected, until their end has come, or they are over", () => {
    const { streams, add, sent } = create(false, { streamWindowBytes: 1_000 });
    const all = [add(1), add(3), add(5)];
    const [open, ended, over] = all as [Stream, Stream, Stream];
    streams.remoteEnded(ended);
    over.reset(cancel);
    for (const stream of all) {
      stream.receiveWindow.take(600);
      stream.expect(400);
      stream.expect(5_000);
      stream.expect(5_000);
    }
    assert.deepEqual(
      sent(frameType.windowUpdate).map(({ streamId, payload }) => [streamId, payload.readUInt32BE()]),
      [[open.id, 4_600]],
    );
  });

  it("may make as much wait as is allowed, and not a byte more", () => {
    const { streams, add, resets, told } = create(true, { queuedBytes: 10 + bounds.pieceBytes });
    streams.setSendWindow(0);
    const [one, three] = [add(1), add(3)];
    assert.equal(one.sendData(Buffer.alloc(10), false), false);
    assert.ok(!one.closed);
    one.reset(cancel);
    assert.equal(three.sendData(Buffer.alloc(11), false), false);
    assert.deepEqual(resets().at(-1), [3, enhanceYourCalm]);
    assert.deepEqual(told, [{ code: enhanceYourCalm, cause: "fault", unprocessed: false }]);
  });
});
