import assert from "node:assert/strict";
import type { Duplex } from "node:stream";
import { errorCode } from "../frame/error-code.js";
import { frameType, maximumInteger } from "../frame/kinds.js";
import { bounds, type Limits } from "../limits/limits.js";
import { nobody } from "../stream/stream.js";
import { fakeTimeouts, words } from "../testing/index.js";
import { handlerFailed } from "./ending.js";
import { memorySession } from "./helpers.test.js";

describe("Ending", () => {
  let timeouts: ReturnType<typeof fakeTimeouts>;
  const sockets: Duplex[] = [];
  beforeEach(() => {
    timeouts = fakeTimeouts();
  });
  afterEach(() => {
    timeouts.restore();
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  /** A session over a socket whose other end never closes it, and the GOAWAYs that it has sent. */
  function create({ isServer = true, limits = {} }: { isServer?: boolean; limits?: Partial<Limits> } = {}) {
    const { session, socket, sent } = memorySession(isServer, limits);
    sockets.push(socket);
    const { ending } = session;
    const goAways = () =>
      sent(frameType.goaway).map(({ payload }) => [
        payload.readUInt32BE(0),
        payload.readUInt32BE(4),
        payload.subarray(8).toString(),
      ]);
    return { session, ending, socket, goAways, sent };
  }
  const ended = () => new Promise((resolve) => setImmediate(resolve));
  const local = { code: errorCode.noError, message: "", by: "local" } as const;

  describe("takes note", () => {
    it("of what came first, unless an error has followed", () => {
      const { ending } = create();
      assert.deepEqual(ending.end, local);
      const closes = { code: errorCode.noError, message: "maintenance", by: "peer" } as const;
      const fails = { code: errorCode.flowControlError, message: "a window", by: "fault" } as const;
      ending.note(closes);
      ending.note({ ...local, by: "network" });
      assert.deepEqual(ending.end, closes);
      ending.note(fails);
      assert.deepEqual(ending.end, fails);
      ending.note({ ...fails, code: errorCode.internalError });
      ending.note(closes);
      assert.deepEqual(ending.end, fails);
    });

    it("of the first thing that a handler has thrown, whatever else has ended it", () => {
      const { ending } = create();
      const fails = { code: errorCode.enhanceYourCalm, message: "too many", by: "fault" } as const;
      ending.note(fails);
      ending.note(handlerFailed("first"));
      ending.note(handlerFailed("second"));
      assert.deepEqual(ending.end, { ...fails, error: "first" });
    });

    it("of a handler that has thrown as a fault of this end", () => {
      const expected = { code: errorCode.internalError, message: "a handler has thrown", by: "local", error: "x" };
      assert.deepEqual(handlerFailed("x"), expected);
    });
  });

  describe("of a server that closes", () => {
    it("is said once, and again with what it has served, when the other end has answered", () => {
      const { session, ending, goAways, sent } = create();
      const stream = session.streams.add(1, nobody);
      session.streams.ids.lastOfPeer = 1;
      ending.close();
      ending.close();
      assert.deepEqual(goAways(), [[maximumInteger, 0, ""]]);
      assert.equal(sent(frameType.ping).length, 1);
      session.pings.answer(words(0, 1), 0);
      timeouts.pass(bounds.lingerMs);
      const both = [
        [maximumInteger, 0, ""],
        [1, 0, ""],
      ];
      assert.deepEqual(goAways(), both);
      assert.equal(session.streams.lastServedId, 1);
      assert.ok(!ending.over);
      stream.reset(errorCode.cancel);
      assert.ok(ending.over);
      assert.deepEqual(goAways(), both);
      assert.deepEqual(ending.end, local);
    });

    it("is settled once where the answer comes after its time", () => {
      const { session, ending, goAways } = create();
      session.streams.add(1, nobody);
      ending.close();
      timeouts.pass(bounds.lingerMs);
      assert.equal(goAways().length, 2);
      session.pings.answer(words(0, 1), 0);
      assert.equal(goAways().length, 2);
    });

    it("is not settled any more once it is over", () => {
      const { session, ending, goAways } = create();
      session.streams.add(1, nobody);
      ending.close();
      ending.goAway({ code: errorCode.internalError, message: "broken", by: "local" });
      assert.equal(goAways().length, 2);
      session.pings.answer(words(0, 1), 0);
      ending.close();
      assert.equal(goAways().length, 2);
    });
  });

  it("of a client that closes is said once, with no stream of the server", () => {
    const { ending, goAways } = create({ isServer: false });
    ending.close();
    assert.deepEqual(goAways(), [[0, 0, ""]]);
    assert.deepEqual(ending.end, local);
    assert.ok(ending.over);
  });

  it("follows a GOAWAY of the other end, after which no stream is taken and nothing is announced", () => {
    const { session, ending, goAways } = create();
    const stream = session.streams.add(1, nobody);
    ending.peerCloses(errorCode.noError, "bye");
    assert.ok(session.takesNone);
    ending.close();
    assert.deepEqual(goAways(), []);
    stream.reset(errorCode.cancel);
    assert.deepEqual(goAways(), [[0, 0, ""]]);
    assert.deepEqual(ending.end, { code: errorCode.noError, message: "bye", by: "peer" });
  });

  describe("closes the socket", () => {
    it("a second after the last answer has gone out, where the other end does not", async () => {
      const { ending, socket } = create({ isServer: false });
      ending.close();
      await ended();
      timeouts.pass(bounds.lingerMs - 1);
      assert.ok(!socket.destroyed);
      timeouts.pass(1);
      assert.ok(socket.destroyed);
    });

    it("where the last answer does not go out in its time", async () => {
      const { ending, socket } = create({ isServer: false, limits: { closingMs: 5_000 } });
      socket._write = () => {};
      ending.close();
      await ended();
      timeouts.pass(4_999);
      assert.ok(!socket.destroyed);
      timeouts.pass(1);
      assert.ok(socket.destroyed);
    });

    it("a second after a GOAWAY with an error, whatever the other end does meanwhile", () => {
      const { ending, socket } = create();
      ending.goAway({ code: errorCode.internalError, message: "broken", by: "local" });
      timeouts.pass(bounds.lingerMs - 1);
      assert.ok(!socket.destroyed);
      ending.peerClosed();
      timeouts.pass(1);
      assert.ok(socket.destroyed);
    });
  });
});
