import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { createClientConnection, createServerConnection } from "../connection.js";
import { errorCode } from "../frame/error-code.js";
import { flag, frameType, maximumInteger } from "../frame/kinds.js";
import { nobody, type Reset } from "../stream/stream.js";
import {
  call,
  connectTo,
  echo,
  fakeTimeouts,
  frame,
  goAway,
  headers,
  hello,
  type LoopbackServer,
  ping,
  RawPeer,
  request,
  rstStream,
  serve,
  settings,
  wholeRequest,
  windowUpdate,
} from "../testing/index.js";
import type { ConnectionEnd } from "./connection-handler.js";

/** A pair of sockets in memory, which hand over what is written within the write. */
function createPair(): [Duplex, Duplex] {
  const sides: Duplex[] = [];
  const create = (other: number) =>
    new Duplex({
      read() {},
      write(chunk, _encoding, done) {
        sides[other]?.push(chunk);
        done();
      },
      final(done) {
        sides[other]?.push(null);
        done();
      },
    });
  sides.push(create(1), create(0));
  return sides as [Duplex, Duplex];
}

describe("the end of a connection", () => {
  const servers: LoopbackServer[] = [];
  const peers: RawPeer[] = [];
  let timeouts: ReturnType<typeof fakeTimeouts> | undefined;
  afterEach(async () => {
    timeouts?.restore();
    timeouts = undefined;
    for (const peer of peers.splice(0)) peer.destroy();
    for (const server of servers.splice(0)) await server.close();
  });

  async function start(
    onStream: Parameters<typeof serve>[0] = echo,
    options: Parameters<typeof serve>[1] = {},
    onSocket: (socket: Socket) => void = () => {},
  ) {
    const server = await serve(onStream, options, onSocket);
    servers.push(server);
    const peer = await RawPeer.connect(server.port);
    peers.push(peer);
    return { server, peer };
  }

  const firstOf = (server: LoopbackServer) => [...server.connections][0];

  it("says that the other end has closed the socket, and tells the streams", async () => {
    const resets: Reset[] = [];
    const { server, peer } = await start(() => ({ ...nobody, onReset: (reset) => resets.push(reset) }));
    peer.send(hello, headers(1), wholeRequest(3));
    peer.socket.end();
    const [end] = await server.ended();
    assert.deepEqual(end, { code: 0, message: "the other end has closed the connection", by: "peer" });
    assert.deepEqual(resets, Array(2).fill({ code: 0, cause: "connection", unprocessed: false }));
  });

  it("ends a socket that may be half open, too", async () => {
    const ends: ConnectionEnd[] = [];
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      createServerConnection(socket, { onStream: () => nobody, onClose: (end) => ends.push(end) });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const peer = await RawPeer.connect((server.address() as { port: number }).port);
    peer.send(hello, headers(1));
    peer.socket.end();
    await peer.ended;
    server.close();
    await once(server, "close");
    assert.equal(ends[0]?.by, "peer");
  });

  it("says that the network has failed", async () => {
    let socket: Socket | undefined;
    const { server, peer } = await start(echo, {}, (given) => {
      socket = given;
    });
    peer.send(hello);
    await peer.nextOf(frameType.settings);
    socket?.destroy(new Error("ECONNRESET"));
    assert.deepEqual(await server.ended(), [{ code: 0, message: "ECONNRESET", by: "network" }]);
  });

  it("says what the other end did wrong, and tells it", async () => {
    const { server, peer } = await start();
    peer.send(hello, frame(frameType.data, 0, 0));
    const told = await peer.ended;
    assert.equal(told.code, errorCode.protocolError);
    assert.equal(told.text, "DATA of no stream");
    assert.deepEqual(await server.ended(), [{ code: 1, message: "DATA of no stream", by: "fault" }]);
  });

  it("says what the other end has told, up to a length", async () => {
    const { server, peer } = await start();
    peer.send(hello, goAway(0, errorCode.enhanceYourCalm, "x".repeat(10_000)));
    peer.socket.end();
    const [end] = await server.ended();
    assert.deepEqual(end, { code: 11, message: "x".repeat(256), by: "peer" });
  });

  it("says that this program has ended it, with what it told the other end", async () => {
    const { server, peer } = await start();
    peer.send(hello, headers(1));
    await peer.nextOf(frameType.headers, 1);
    firstOf(server)?.goAway(errorCode.enhanceYourCalm, "y".repeat(100_000));
    assert.deepEqual(await peer.ended, { code: 11, text: "y".repeat(256) });
    const [end] = await server.ended();
    assert.equal(end?.by, "local");
  });

  it("comes at once by destroy, also for a client", async () => {
    const { server } = await start();
    const client = await connectTo(server.port);
    const taker = call(client.connection, undefined);
    client.connection.destroy();
    client.connection.destroy();
    client.connection.goAway(1);
    client.connection.close();
    client.connection.ping(() => assert.fail("it is over"));
    assert.deepEqual(await client.ended, { code: 0, message: "", by: "local" });
    assert.deepEqual((await taker.whole).reset, { code: 0, cause: "connection", unprocessed: false });
    assert.equal(client.connection.capacity, 0);
    assert.throws(() => client.connection.open(request, true, nobody), RangeError);
  });

  it("is told once for a socket that was closed before", async () => {
    const [socket] = createPair();
    socket.destroy();
    await once(socket, "close");
    const ends: ConnectionEnd[] = [];
    createClientConnection(socket, { onClose: (end) => ends.push(end) });
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(ends.length, 1);
  });

  it("leaves no timer behind", async () => {
    const { server, peer } = await start();
    peer.send(hello, frame(frameType.headers, 0, 1));
    await peer.nextOf(frameType.settings);
    firstOf(server)?.close();
    firstOf(server)?.goAway(0);
    peer.socket.end();
    await server.ended();
    await peer.ended;
    const timers = process.getActiveResourcesInfo().filter((name) => name === "Timeout");
    assert.ok(timers.length <= 1, `${timers.length} timers`); // One is that of the test itself.
  });

  it("comes where the beginning takes too long", async () => {
    for (const bytes of [Buffer.alloc(0), hello.subarray(0, 10), hello.subarray(0, -1)]) {
      const { server, peer } = await start(echo, { limits: { headerBlockMs: 20 } });
      peer.send(bytes);
      assert.equal((await peer.ended).code, errorCode.enhanceYourCalm);
      assert.equal((await server.ended())[0]?.message, "it took too long");
    }
  });

  it("comes where a header block takes too long", async () => {
    const { peer } = await start(echo, { limits: { headerBlockMs: 20 } });
    peer.send(hello, headers(1, request, 0));
    assert.equal((await peer.ended).code, errorCode.enhanceYourCalm);
  });

  it("comes where the client is not one of HTTP/2, as soon as that is clear", async () => {
    for (const bytes of ["GET / HTTP/1.1\r\n", "PRI * HTTP/2.1", "\0"]) {
      const { server, peer } = await start();
      peer.send(Buffer.from(bytes));
      assert.equal((await peer.ended).code, errorCode.protocolError);
      assert.equal((await server.ended())[0]?.by, "fault");
    }
  });

  describe("by close", () => {
    it("refuses what comes after the second GOAWAY, as not processed", async () => {
      const { server, peer } = await start();
      peer.send(hello, headers(1));
      await peer.nextOf(frameType.headers, 1);
      firstOf(server)?.close();
      const first = await peer.nextOf(frameType.goaway);
      assert.equal(first.payload.readUInt32BE(), maximumInteger);
      const { payload } = await peer.nextOf(frameType.ping);
      peer.send(headers(3), ping(payload, flag.ack));
      await peer.nextOf(frameType.headers, 3);
      const second = await peer.nextOf(frameType.goaway);
      assert.equal(second.payload.readUInt32BE(), 3);
      peer.send(headers(5));
      const refused = await peer.nextOf(frameType.rstStream, 5);
      assert.equal(refused.payload.readUInt32BE(), errorCode.refusedStream);
      peer.send(rstStream(1, 8), rstStream(3, 8));
      assert.equal((await server.ended())[0]?.by, "local");
    });

    it("waits for a ping of its own, not for any", async () => {
      const { server, peer } = await start();
      peer.send(hello, headers(1));
      await peer.nextOf(frameType.headers, 1);
      firstOf(server)?.close();
      await peer.nextOf(frameType.goaway);
      peer.send(ping(Buffer.from("12345678"), flag.ack), headers(3));
      await peer.nextOf(frameType.headers, 3);
      assert.equal(peer.counts[frameType.goaway], 1);
    });

    it("takes a second, and no longer, where the other end does not answer", async () => {
      const { server, peer } = await start();
      peer.send(hello);
      await peer.nextOf(frameType.settings);
      timeouts = fakeTimeouts();
      firstOf(server)?.close();
      timeouts.pass(999);
      assert.equal(server.ends.length, 0);
      timeouts.pass(1);
      assert.equal((await peer.ended).code, 0);
      assert.equal((await server.ended())[0]?.by, "local");
    });

    it("sends the last answer whole, however late it is read", async () => {
      const { server, peer } = await start((stream, block, end) => {
        const handler = echo(stream, block, false);
        assert.ok(end);
        stream.sendData(Buffer.alloc(8_000_000, "l"), true);
        return handler;
      });
      peer.send(hello, settings([4, maximumInteger]), windowUpdate(0, 100_000_000), wholeRequest(1));
      await peer.nextOf(frameType.headers, 1);
      peer.stopReading();
      timeouts = fakeTimeouts();
      firstOf(server)?.close();
      timeouts.pass(1_000); // The second GOAWAY.
      timeouts.pass(10_000); // Longer than the other end has after an error.
      peer.socket.resume();
      await peer.ended;
      const bytes = peer.frames
        .filter(({ type }) => type === frameType.data)
        .reduce((sum, { payload }) => sum + payload.length, 0);
      assert.equal(bytes, 8_000_000);
    });

    it("does not wait for ever for what is not read", async () => {
      let tell: () => void = () => {};
      const streams = new Promise<void>((resolve) => {
        tell = resolve;
      });
      const { server, peer } = await start(
        (stream, block) => {
          tell();
          const handler = echo(stream, block, false);
          stream.sendData(Buffer.alloc(200_000), true);
          return handler;
        },
        { limits: { closingMs: 50 } },
        (socket) => {
          // The system's buffers would take all of it.
          socket._write = () => {};
          socket._writev = () => {};
        },
      );
      peer.send(hello, settings([4, maximumInteger]), windowUpdate(0, 100_000_000), wholeRequest(1));
      await streams;
      timeouts = fakeTimeouts();
      firstOf(server)?.close();
      timeouts.pass(1_000);
      timeouts.pass(49);
      assert.equal(server.ends.length, 0);
      timeouts.pass(1);
      assert.equal((await server.ended())[0]?.by, "local");
    });
  });

  it("works over sockets in memory, which hand over within a write", async () => {
    const [one, two] = createPair();
    createServerConnection(two, { onStream: echo });
    const connection = createClientConnection(one, {});
    const answers = await Promise.all(
      [10, 100_000, 1_000_000].map((length) => call(connection, Buffer.alloc(length, 5)).whole),
    );
    assert.deepEqual(
      answers.map(({ content }) => content.length),
      [10, 100_000, 1_000_000],
    );
    connection.close();
    await once(one, "close");
  });
});
