import assert from "node:assert/strict";
import { Duplex } from "node:stream";
import { maximumInteger, preface, setting } from "../frame/kinds.js";
import { type Limits, limitsOf } from "../limits/limits.js";
import { nobody } from "../stream/stream.js";
import { StreamIds } from "../stream/stream-ids.js";
import { request, settings, windowUpdate } from "../testing/index.js";
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
});
