import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { TLSSocket } from "node:tls";
import { systemClock } from "../base/clock.js";
import type { InterlockError } from "../base/error.js";
import { createRoster } from "../base/roster.js";
import { deferred } from "../testing/deferred.js";
import { createTestFleet, type TestFleet } from "../testing/test-fleet.js";
import type { Connection } from "./connection.js";
import { type Connections, createConnections } from "./connections.js";

describe("connections that a change of the trust ends", () => {
  let fleet: TestFleet;
  let connections: Connections;
  let sockets: Map<string, EventEmitter>;
  let cut: string[];
  let lastCut: ReturnType<typeof deferred<void>>;

  beforeEach(async () => {
    fleet = await createTestFleet();
    sockets = new Map();
    cut = [];
    lastCut = deferred();
  });
  afterEach(() => {
    connections.close();
    for (const socket of sockets.values()) socket.emit("close");
  });

  async function connect(name: string): Promise<Connection> {
    const { spiffeId: peer, leaf: certificate, chain } = await fleet.ca.issue(`spiffe://test/${name}`);
    let ended: InterlockError | undefined;
    const connection = {
      peer,
      certificate,
      chain: [...chain, fleet.ca.der],
      earlier: [],
      vouch: name,
      calls: createRoster(),
      get ended() {
        return ended;
      },
      refuse(error: InterlockError) {
        ended ??= error;
      },
      async cut(error: InterlockError) {
        ended = error;
        cut.push(name);
        if (name === "late/1") lastCut.resolve();
      },
    } as Partial<Connection> as Connection;
    const socket = new EventEmitter();
    sockets.set(name, socket);
    connections.add(connection, socket as TLSSocket);
    return connection;
  }

  async function connectSix(): Promise<Connection[]> {
    const found: Connection[] = [];
    for (const name of ["bad/1", "bad/2", "bad/3", "good/1", "bad/4", "bad/5"]) found.push(await connect(name));
    return found;
  }

  it("are all cut at once, with one error for one reason", async () => {
    connections = createConnections(fleet.trust, systemClock);
    const found = await connectSix();
    fleet.revoke("pattern", "bad/*");
    assert.deepEqual(cut, ["bad/1", "bad/2", "bad/3", "bad/4", "bad/5"]);
    const [error, ...others] = new Set(found.map(({ ended }) => ended));
    assert.equal(error?.reason, "IDENTITY_REVOKED");
    assert.deepEqual(others, [undefined], "the one that is not revoked");
  });

  it("are cut a few at once where that is set: the others take no calls meanwhile", async () => {
    connections = createConnections(fleet.trust, systemClock, undefined, 2);
    const found = await connectSix();
    fleet.revoke("pattern", "bad/*");
    assert.deepEqual(cut, ["bad/1", "bad/2"]);
    const reasons = found.map(({ ended }) => ended?.reason);
    assert.deepEqual(reasons, Array(6).fill("IDENTITY_REVOKED").with(3, undefined));
    fleet.revoke("identity", "spiffe://test/bad/5");
    assert.deepEqual(cut, ["bad/1", "bad/2"], "those wait already");
    sockets.get("bad/3")?.emit("close");
    await connect("late/1");
    fleet.revoke("pattern", "late/*");
    await lastCut.promise;
    const each = ["bad/1", "bad/2", "bad/4", "bad/5", "late/1"];
    assert.deepEqual(cut, each, "each once, and not what has closed by itself");
  });
});
