import assert from "node:assert/strict";
import { Duplex } from "node:stream";
import { maximumInteger } from "../frame/kinds.js";
import { limitsOf } from "../limits/limits.js";
import { nobody } from "../stream/stream.js";
import { StreamIds } from "../stream/stream-ids.js";
import { request } from "../testing/index.js";
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
});
