import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { certificatesToPem } from "../identity/pem.js";
import { decoyChain, junkChain } from "../testing/decoys.js";
import { type EchoServer, serveEcho } from "../testing/echo-server.js";
import { rawCall, rawSession, rawTls, shows } from "../testing/raw-client.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";
import {
  type AcceptGate,
  createAcceptGate,
  failedHandshakes,
  handshakesPerTurn,
  maximumHandshakes,
} from "./accept-gate.js";

const { path } = EchoService.methods.open;

describe("the gate before TLS", () => {
  let fleet: TestFleet;
  let server: EchoServer;

  beforeEach(async () => {
    fleet = await createTestFleet();
    server = await serveEcho(fleet);
  });
  afterEach(() => server.bot.close(0));

  async function closes(options: { privateKey: string; chain: readonly Uint8Array[] }): Promise<void> {
    const { privateKey: key, chain } = options;
    const socket = rawTls(server.port, { key, cert: certificatesToPem(chain) }).on("error", () => {});
    await new Promise((resolve) => socket.resume().once("close", resolve));
  }

  it("keeps the newest: with all its places taken by silence, one more comes in, and the oldest goes", async () => {
    const silent: Socket[] = [];
    for (let i = 0; i < maximumHandshakes; i++) {
      const socket = connect(server.port, "127.0.0.1").on("error", () => {});
      silent.push(socket.resume());
      await once(socket, "connect");
    }
    const first = new Promise((resolve) => silent[0]?.once("close", resolve));
    await server.goodCall();
    await first;
    assert.deepEqual(new Set(server.denials.map(({ reason }) => reason)), new Set(["CONNECTION_LIMIT"]));
    for (const socket of silent) socket.destroy();
  });

  it("takes a hello in many pieces", async () => {
    const identity = await fleet.ca.issue("spiffe://test/slow/1");
    const beneath = connect(server.port, "127.0.0.1");
    await once(beneath, "connect");
    beneath.setNoDelay();
    const write = beneath.write.bind(beneath);
    beneath.write = ((bytes: Uint8Array, ...rest: never[]) => {
      for (let i = 0; i + 100 < bytes.length; i += 100) write(bytes.subarray(i, i + 100));
      return write(bytes.subarray(Math.floor((bytes.length - 1) / 100) * 100), ...rest);
    }) as typeof beneath.write;
    const session = rawSession(server.port, { ...shows(identity), socket: beneath });
    assert.equal((await rawCall(session, path)).status, 0);
    session.destroy();
  });

  it("cuts the second long handshake of a source short, and serves honest bots from there, whatever they send", async () => {
    await closes(junkChain());
    await closes(junkChain());
    await server.denied(2);
    const big = Buffer.alloc(5 + 60_000);
    big.writeUInt32BE(60_000, 1);
    for (let i = 0; i < 3; i++) {
      const session = rawSession(server.port, shows(await fleet.ca.issue("spiffe://test/honest/1")));
      // More than a handshake may have, right behind the handshake.
      const [large, small] = await Promise.all([rawCall(session, path, {}, big), rawCall(session, path)]);
      assert.deepEqual([large.status, small.status], [0, 0]);
      session.destroy();
    }
    const bot = await fleet.bot("caller");
    assert.equal((await bot.client(EchoService, server.address).echo({ reason: "hello" })).reason, "hello");
    await bot.close(0);
  });

  it("outlives keys on curves without a NIST name", async () => {
    for (const curve of ["secp256k1", "brainpoolP256r1"]) await closes(decoyChain(curve));
    await server.goodCall();
  });

  /** Gives how many handshakes a gate begins in each turn, for sockets of one source whose first records have come. */
  async function beginsInTurns(count: number, prepare: (gate: AcceptGate, source: Socket) => void): Promise<number[]> {
    const firstRecord = Buffer.from([22, 3, 1, 0, 1, 0]);
    const [clients, accepted]: [Socket[], Socket[]] = [[], []];
    const begunIn = new Map<number, number>();
    let turn = 0;
    let begun = 0;
    await new Promise<void>((resolve) => {
      const gate = createAcceptGate({
        clock: { now: Date.now },
        begin() {
          begunIn.set(turn, (begunIn.get(turn) ?? 0) + 1);
          if (++begun === count) resolve();
        },
        refused: (reason) => assert.fail(reason),
      });
      const port = createServer((socket) => {
        accepted.push(socket);
        if (accepted.length < count) return;
        port.close();
        prepare(gate, socket);
        // Their records have come, so the gate could begin with all of them at once.
        for (const each of accepted) gate.enter(each);
      });
      port.listen(0, "127.0.0.1", () => {
        const { port: number } = port.address() as AddressInfo;
        for (let i = 0; i < count; i++) {
          const client = connect(number, "127.0.0.1").on("error", () => {});
          clients.push(client);
          client.write(firstRecord);
        }
      });
      setImmediate(function next() {
        turn++;
        if (begun < count) setImmediate(next);
      });
    });
    for (const socket of [...clients, ...accepted]) socket.destroy();
    return [...begunIn.values()];
  }

  it("begins few handshakes in one turn of the event loop, and all of them in the end", async () => {
    assert.equal(Math.max(...(await beginsInTurns(40, () => {}))), handshakesPerTurn);
  });

  it("begins two at a time for a source that fails too often, so that one that fails again and again takes no other's turn", async () => {
    const turns = await beginsInTurns(6, (gate, source) => {
      for (let i = 0; i < 2 * failedHandshakes.burst; i++) gate.blame(source as TLSSocket);
    });
    assert.deepEqual(turns, [2, 2, 2]);
  });
});
