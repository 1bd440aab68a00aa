import assert from "node:assert/strict";
import { Duplex } from "node:stream";
import { ConnectionError, errorCode } from "../frame/error-code.js";
import { maximumInteger, preface, setting } from "../frame/kinds.js";
import { type Limits, limitsOf } from "../limits/limits.js";
import { nobody } from "../stream/stream.js";
import { StreamIds } from "../stream/stream-ids.js";
import { block, fakeTimeouts, request, settings, windowUpdate } from "../testing/index.js";
import { Session } from "./session.js";

describe("Session", () => {
  it("closes when the ids of its streams have run out, and is over after the last one", () => {
    const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
    const session = new Session(socket, {}, { limits: limitsOf(undefined), now: () => 0 }, false);
    Object.assign(session.streams, { ids: new StreamIds(false, maximumInteger - 2) });
    assert.equal(session.open(request, true, nobody, false).id, maximumInteger - 2);
    assert.ok(!session.takesNone);
    const last = session.open(request, true, nobody, false);
    assert.equal(last.id, maximumInteger);
    assert.ok(session.takesNone);
    assert.equal(session.capacity, 0);
    assert.throws(() => session.open(request, true, nobody, false), RangeError);
    session.streams.lose(last, { code: 8, cause: "peer", unprocessed: false });
    assert.ok(!session.ending.over);
    session.streams.get(maximumInteger - 2)?.reset(8);
    assert.ok(session.ending.over);
    socket.destroy();
  });

  /** The bytes with which one end begins. */
  function beginning(isServer: boolean, limits: Partial<Limits> = {}): Buffer {
    const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
    const session = new Session(socket, {}, { limits: limitsOf(limits), now: () => 0 }, isServer);
    const written: Buffer[] = [];
    socket.write = ((chunk: Buffer) => written.push(Buffer.from(chunk)) > 0) as typeof socket.write;
    session.begin();
    session.sender.flush();
    session.patience.stop();
    socket.destroy();
    return Buffer.concat(written);
  }

  it("of a server begins with its settings, and with what the window of the connection is larger than the initial one", () => {
    const limits = { concurrentStreams: 7, streamWindowBytes: 300, connectionWindowBytes: 200_000, headerListBytes: 9 };
    assert.deepEqual(
      beginning(true, limits),
      Buffer.concat([
        settings([setting.maxConcurrentStreams, 7], [setting.initialWindowSize, 300], [setting.maxHeaderListSize, 9]),
        windowUpdate(0, 200_000 - 65_535),
      ]),
    );
    const least = beginning(true, { ...limits, connectionWindowBytes: 65_535 });
    assert.equal(least.length, 9 + 3 * 6);
  });

  it("of a client begins with the preface, and refuses pushes", () => {
    const bytes = beginning(false, { streamWindowBytes: 300, connectionWindowBytes: 65_535, headerListBytes: 9 });
    assert.deepEqual(
      bytes,
      Buffer.concat([
        preface,
        settings([setting.enablePush, 0], [setting.initialWindowSize, 300], [setting.maxHeaderListSize, 9]),
      ]),
    );
  });

  function create(limits: Partial<Limits> = {}, isServer = true): Session {
    const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
    sockets.push(socket);
    return new Session(socket, {}, { limits: limitsOf(limits), now: () => 0 }, isServer);
  }
  const sockets: Duplex[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  it("waits for the first SETTINGS", () => assert.ok(!create().settled));

  it("decodes header lists within its limits", () => {
    const fields = block(["a", "1", "b", "2", "c", "3"]);
    const decode = (limits: Partial<Limits>) => create(limits).decoder.decode(fields, 0, fields.length);
    assert.equal(typeof decode({ headerFields: 3, headerListBytes: 3 * 34 }), "object");
    assert.equal(decode({ headerFields: 2 }), "too-large");
    assert.equal(decode({ headerListBytes: 3 * 34 - 1 }), "too-large");
  });

  it("has as much capacity as the other end gives, less what is open, and never less than none", () => {
    const session = create({}, false);
    session.peerStreams = 3;
    for (const left of [2, 1]) {
      session.open(request, true, nobody, false);
      assert.equal(session.capacity, left);
    }
    session.peerStreams = 1;
    assert.equal(session.capacity, 0);
    assert.throws(() => session.open(request, true, nobody, false), {
      name: "RangeError",
      message: "the connection takes no more streams now",
    });
  });

  it("has enough of a peer that does not read its answers, beyond the bound", () => {
    const session = create({ unsentControlBytes: 1_000 });
    const stall = (bytes: number) =>
      Object.defineProperty(session.sender, "stalledBytes", { get: () => bytes, configurable: true });
    stall(1_000);
    session.checkStalled();
    stall(1_001);
    assert.throws(() => session.checkStalled(), { code: errorCode.enhanceYourCalm, message: "answers are not read" });
  });

  it("allows four frames without content for each with content that it sends", () => {
    const session = create({ controlFrames: { perSecond: 0, burst: 4 } });
    session.floods.control(4);
    session.contentSent();
    session.floods.control(4);
    assert.throws(() => session.floods.control(), { code: errorCode.enhanceYourCalm });
  });

  it("throws what a handler has thrown where nobody takes the end, and no fault of the other end", () => {
    const broken = create();
    broken.fail(new Error("broken"));
    assert.throws(() => broken.closed(), { message: "broken" });
    const faulty = create();
    faulty.fail(new ConnectionError(errorCode.protocolError, "a push"));
    faulty.closed();
  });

  it("is patient no more once it is over", () => {
    const timeouts = fakeTimeouts();
    try {
      const [waits, over] = [create({ headerBlockMs: 100 }), create({ headerBlockMs: 100 })];
      for (const session of [waits, over]) session.begin();
      over.isOver();
      timeouts.pass(100);
      assert.deepEqual(waits.ending.end, { code: errorCode.enhanceYourCalm, message: "it took too long", by: "fault" });
      assert.ok(!over.ending.over);
    } finally {
      timeouts.restore();
    }
  });
});
