import assert from "node:assert/strict";
import { Duplex } from "node:stream";
import { type Connection, createServerConnection } from "../connection.js";
import { errorCode } from "../frame/error-code.js";
import { nobody } from "../stream/stream.js";
import { frame, hello, rstStream, wholeRequest } from "../testing/index.js";
import { Turns } from "./turns.js";

const streamsPerTurn = 4;

/** Serves a socket in memory, and notes in which turn of the event loop each stream begins. */
function serveMemory(turns = new Turns(streamsPerTurn)): {
  socket: Duplex;
  connection: Connection;
  begun: [id: number, turn: number][];
  end(): void;
} {
  const begun: [number, number][] = [];
  const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  let turn = 0;
  let counting = true;
  setImmediate(function next() {
    turn++;
    if (counting) setImmediate(next);
  });
  const connection = createServerConnection(
    socket,
    {
      onStream({ id }) {
        begun.push([id, turn]);
        return nobody;
      },
      onClose() {},
    },
    { turns },
  );
  return {
    socket,
    connection,
    begun,
    end() {
      counting = false;
      socket.destroy();
    },
  };
}

const ids = (count: number) => Array.from({ length: count }, (_, i) => 2 * i + 1);
const requests = (count: number) => Buffer.concat(ids(count).map((id) => wholeRequest(id)));

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

describe("Turns", () => {
  it("begin a bounded number of streams each, in their order, with what came meanwhile behind them", async () => {
    const { socket, connection, begun, end } = serveMemory();
    socket.push(Buffer.concat([hello, requests(10)]));
    await until(() => begun.length > 0);
    socket.push(Buffer.concat([wholeRequest(21), ...ids(11).map((id) => rstStream(id, errorCode.cancel))]));
    await until(() => begun.length === 11 && connection.streams === 0);
    assert.deepEqual(
      begun.map(([id]) => id),
      ids(11),
    );
    const inTurn = new Map<number, number>();
    for (const [, turn] of begun) inTurn.set(turn, (inTurn.get(turn) ?? 0) + 1);
    assert.deepEqual(Math.max(...inTurn.values()), streamsPerTurn);
    assert.ok(!socket.isPaused());
    end();
  });

  it("read nothing more of a connection that ends meanwhile", async () => {
    const { socket, connection, begun, end } = serveMemory();
    socket.push(Buffer.concat([hello, requests(10)]));
    await until(() => begun.length > 0);
    connection.goAway(errorCode.enhanceYourCalm);
    await until(() => socket.destroyed || !socket.isPaused());
    assert.equal(begun.length, streamsPerTurn);
    end();
  });

  it("are shared by the connections that have them in common, in the order of their coming, and by no others", async () => {
    const turns = new Turns(streamsPerTurn);
    const peers = Array.from({ length: 5 }, () => serveMemory(turns));
    const other = serveMemory();
    for (const { socket } of peers) socket.push(Buffer.concat([hello, requests(10)]));
    other.socket.push(Buffer.concat([hello, requests(3)]));
    await until(() => peers.every(({ begun }) => begun.length === 10));
    const inTurn = new Map<number, number>();
    for (const [, turn] of peers.flatMap(({ begun }) => begun)) inTurn.set(turn, (inTurn.get(turn) ?? 0) + 1);
    assert.equal(Math.max(...inTurn.values()), streamsPerTurn);
    // Nobody has to wait until another has had all of its own.
    const [first] = peers;
    const firstsEnd = first?.begun.at(-1)?.[1] ?? 0;
    for (const { begun } of peers) assert.ok((begun[0]?.[1] ?? firstsEnd) < firstsEnd);
    assert.equal(new Set(other.begun.map(([, turn]) => turn)).size, 1);
    for (const { end } of [...peers, other]) end();
  });

  it("read a bounded number of bytes each, of all connections that have them in common", async () => {
    const turns = new Turns(100, 1_000);
    const [one, two] = [serveMemory(turns), serveMemory(turns)];
    const other = serveMemory();
    for (const { socket } of [one, two, other]) socket.push(hello);
    await until(() => !one.socket.isPaused() && !turns.full);
    // Each chunk is 600 bytes: a request, and frames of a type that is ignored.
    const chunk = (id: number) => {
      const request = wholeRequest(id);
      return Buffer.concat([request, frame(0xff, 0, 0, Buffer.alloc(600 - request.length - 9))]);
    };
    for (const id of ids(4)) for (const { socket } of [one, two, other]) socket.push(chunk(id));
    await until(() => one.begun.length === 4 && two.begun.length === 4 && other.begun.length === 4);
    const inTurn = new Map<number, number>();
    for (const [, turn] of [...one.begun, ...two.begun]) inTurn.set(turn, (inTurn.get(turn) ?? 0) + 1);
    assert.ok(Math.max(...inTurn.values()) <= 3, `${[...inTurn.values()]} of 600 bytes where 1,000 fill a turn`);
    assert.equal(new Set(other.begun.map(([, turn]) => turn)).size, 1, "others have turns of their own");
    await until(() => !one.socket.isPaused() && !two.socket.isPaused());
    for (const { end } of [one, two, other]) end();
  });

  it("are full of bytes after 256 KiB where no number is given", async () => {
    const turns = new Turns();
    turns.read(256 * 1_024 - 1);
    assert.ok(!turns.full);
    turns.read(1);
    assert.ok(turns.full);
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(!turns.full);
  });

  it("are not lost on a connection that ends while it waits", async () => {
    const turns = new Turns(streamsPerTurn);
    const [one, two, three] = [serveMemory(turns), serveMemory(turns), serveMemory(turns)];
    for (const { socket } of [one, two, three]) socket.push(Buffer.concat([hello, requests(6)]));
    await until(() => one.begun.length > 0);
    two.connection.goAway(errorCode.enhanceYourCalm);
    await until(() => one.begun.length === 6 && three.begun.length === 6);
    for (const { end } of [one, two, three]) end();
  });

  it("are full after as many streams as they have, 32 where no number is given, and empty in the next turn", async () => {
    for (const [turns, count] of [
      [new Turns(), 32],
      [new Turns(1), 1],
      [new Turns(5), 5],
    ] as const) {
      for (let i = 0; i < count; i++) {
        assert.ok(!turns.full);
        turns.begin();
      }
      assert.ok(turns.full);
      await new Promise((resolve) => setImmediate(resolve));
      assert.ok(!turns.full);
    }
  });

  it("go on with those that wait in their order, and with those that wait again last", async () => {
    const turns = new Turns(2);
    const went: string[] = [];
    const go = (name: string, times: number) => () => {
      went.push(name);
      turns.begin();
      if (times > 1) turns.wait(go(name, times - 1));
    };
    for (const [name, times] of [
      ["a", 2],
      ["b", 2],
      ["c", 1],
    ] as const)
      turns.wait(go(name, times));
    assert.deepEqual(went, []);
    await until(() => went.length === 5);
    assert.deepEqual(went, ["a", "b", "c", "a", "b"]);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(went.length, 5);
  });

  it("ask for no more turns once nobody waits", async () => {
    const { setImmediate: real } = globalThis;
    const turn = () => new Promise((resolve) => real(resolve));
    let asked = 0;
    globalThis.setImmediate = Object.assign((then: () => void) => {
      asked++;
      return real(then);
    }, real) as unknown as typeof setImmediate;
    try {
      const turns = new Turns(4);
      turns.begin();
      assert.equal(asked, 0, "a turn with few streams");
      turns.begin();
      turns.wait(() => {});
      assert.equal(asked, 1);
      for (let i = 0; i < 5; i++) await turn();
      assert.equal(asked, 1);
    } finally {
      globalThis.setImmediate = real;
    }
  });
});
