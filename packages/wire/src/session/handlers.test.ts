import assert from "node:assert/strict";
import type { Connection } from "../connection.js";
import { errorCode } from "../frame/error-code.js";
import { frameType } from "../frame/kinds.js";
import { nobody, type Stream, type StreamHandler } from "../stream/stream.js";
import {
  answering,
  call,
  connectTo,
  data,
  echo,
  headers,
  hello,
  type LoopbackServer,
  RawPeer,
  request,
  rstStream,
  serve,
  settings,
  wholeRequest,
  windowUpdate,
} from "../testing/index.js";
import type { ConnectionHandler } from "./connection-handler.js";

type OnStream = Required<ConnectionHandler>["onStream"];

describe("handlers", () => {
  const servers: LoopbackServer[] = [];
  const peers: RawPeer[] = [];
  afterEach(async () => {
    for (const peer of peers.splice(0)) peer.destroy();
    for (const server of servers.splice(0)) await server.close();
  });

  async function start(onStream: OnStream, ...args: [Parameters<typeof serve>[1]?]) {
    const server = await serve(onStream, ...args);
    servers.push(server);
    const peer = await RawPeer.connect(server.port);
    peers.push(peer);
    peer.send(hello);
    return { server, peer };
  }

  const connectionOf = (server: LoopbackServer) => [...server.connections][0] as Connection;

  describe("that throw", () => {
    const fails = () => {
      throw new Error("broken");
    };
    const rows: Record<string, { onStream: OnStream; frames: Buffer[] }> = {
      onStream: { onStream: fails, frames: [wholeRequest(1)] },
      onHeaders: { onStream: () => ({ ...nobody, onHeaders: fails }), frames: [headers(1), headers(1, ["a", "b"], 5)] },
      onData: { onStream: () => ({ ...nobody, onData: fails }), frames: [headers(1), data(1, Buffer.from("x"))] },
      onReset: { onStream: () => ({ ...nobody, onReset: fails }), frames: [headers(1), rstStream(1, 8)] },
      onRoom: {
        onStream(stream) {
          stream.sendHeaders([":status", "200"], false);
          stream.sendData(Buffer.alloc(70_000), false);
          return { ...nobody, onRoom: fails };
        },
        frames: [headers(1), windowUpdate(0, 100_000), windowUpdate(1, 100_000)],
      },
    };
    for (const [method, { onStream, frames }] of Object.entries(rows)) {
      it(`end their connection, and no other one: ${method}`, async () => {
        let bystander: StreamHandler | undefined;
        const { server, peer } = await start((stream, block, end) => {
          if (block?.headers.includes("/other")) {
            bystander = echo(stream, block, end);
            return bystander;
          }
          return onStream(stream, block, end);
        });
        const other = await connectTo(server.port);
        const going = call(other.connection, undefined, [":method", "GET", ":scheme", "http", ":path", "/other"]);
        await going.whole;
        peer.send(...frames);
        const [end] = await server.ended();
        assert.equal(end?.by, "local");
        assert.equal(end?.code, errorCode.internalError);
        assert.equal((end as { error: Error }).error.message, "broken");
        assert.equal((await peer.ended).code, errorCode.internalError);
        const after = call(other.connection, undefined, [":method", "GET", ":scheme", "http", ":path", "/other"]);
        assert.equal((await after.whole).reset, undefined);
        other.connection.destroy();
        await other.ended;
      });
    }

    it("end their connection after all its streams have been told", async () => {
      const told: number[] = [];
      const { server, peer } = await start((stream) => ({
        ...nobody,
        onData: fails,
        onReset() {
          told.push(stream.id);
          throw new Error(`stream ${stream.id}`);
        },
      }));
      peer.send(headers(1), headers(3), headers(5), data(3, Buffer.from("x")));
      const [end] = await server.ended();
      assert.deepEqual(told, [1, 3, 5]);
      assert.equal((end as { error: Error }).error.message, "broken");
    });

    it("are heard of when the connection has ended otherwise", async () => {
      const { server, peer } = await start(() => ({ ...nobody, onReset: fails }));
      peer.send(headers(1));
      await peer.nextOf(frameType.settings);
      peer.destroy();
      const [end] = await server.ended();
      assert.equal((end as { error: Error }).error.message, "broken");
    });

    it("end the connection of a client: onCapacity, and the answer to a ping", async () => {
      for (const of of ["onCapacity", "ping"]) {
        const { server } = await start(echo);
        let due = false;
        const client = await connectTo(server.port, {}, () => {
          if (due) fails();
        });
        if (of === "ping") client.connection.ping(fails);
        else {
          await call(client.connection).whole;
          due = true;
          call(client.connection).stream?.reset(errorCode.cancel);
        }
        const end = await client.ended;
        assert.equal((end as { error: Error }).error.message, "broken");
      }
    });
  });

  describe("may do anything in any call", () => {
    /** What a handler does, in each of its methods. */
    const deeds: Record<string, (stream: Stream, connection: Connection) => void> = {
      "reset the stream": (stream) => stream.reset(errorCode.cancel),
      "reset the stream twice, and send": (stream) => {
        stream.reset(errorCode.cancel);
        stream.reset(errorCode.internalError);
        assert.ok(stream.sendData(Buffer.alloc(100_000), true));
        stream.sendHeaders([":status", "200"], true);
        stream.consumed(10);
      },
      "end the stream": (stream) => {
        stream.sendHeaders([":status", "200"], true);
        stream.sendData(Buffer.from("too late"), true);
      },
      "destroy the connection": (_stream, connection) => connection.destroy(),
      "go away": (_stream, connection) => connection.goAway(errorCode.enhanceYourCalm, "calm"),
      "close the connection": (stream, connection) => {
        connection.close();
        stream.reset(errorCode.cancel);
      },
    };
    const events: Record<string, Buffer[]> = {
      onStream: [wholeRequest(1)],
      onHeaders: [headers(1), headers(1, ["a", "b"], 5)],
      onData: [headers(1), data(1, Buffer.from("x")), data(1, Buffer.from("y"), true)],
      onReset: [headers(1), rstStream(1, 8)],
    };
    for (const [deed, act] of Object.entries(deeds)) {
      for (const [event, frames] of Object.entries(events)) {
        it(`${deed} in ${event}`, async () => {
          let acted = 0;
          let after = 0;
          const { server, peer } = await start((stream, block, end) => {
            if (stream.id !== 1) return echo(stream, block, end);
            const on = (name: string) => () => {
              if (acted > 0 && name !== "onReset") after++;
              if (name !== event) return;
              acted++;
              act(stream, connectionOf(server));
            };
            const handler = { onHeaders: on("onHeaders"), onData: on("onData"), onReset: on("onReset"), onRoom() {} };
            on("onStream")();
            return handler;
          });
          peer.send(...frames, wholeRequest(3));
          // The connection goes on, or ends; nothing hangs and nothing throws.
          await Promise.race([peer.nextOf(frameType.headers, 3).catch(() => {}), peer.ended]);
          assert.equal(acted, event === "onData" && deed === "end the stream" ? 2 : 1);
          assert.equal(after, acted - 1);
          for (const end of server.ends) assert.ok(!("error" in end), String(end.error));
        });
      }
    }

    it("is told of the end of a connection that ended before its handler was known", async () => {
      const told: unknown[] = [];
      const { server, peer } = await start(() => {
        connectionOf(server).goAway(errorCode.enhanceYourCalm);
        return { ...nobody, onReset: (reset) => told.push(reset) };
      });
      peer.send(wholeRequest(1));
      await server.ended();
      assert.deepEqual(told, [{ code: errorCode.enhanceYourCalm, cause: "connection", unprocessed: false }]);
    });

    it("open the next stream when one ends", async () => {
      const { server } = await start(answering(Buffer.from("x")));
      const client = await connectTo(server.port);
      let left = 500;
      await new Promise<void>((resolve) => {
        const next = () => {
          if (left-- === 0) resolve();
          else client.connection.open(request, true, { ...nobody, onData: (_bytes, end) => end && next() });
        };
        next();
      });
      assert.equal(client.connection.streams, 0);
      client.connection.destroy();
      await client.ended;
    });
  });

  it("are told of capacity once for all that has happened in one go", async () => {
    const { server } = await start(() => nobody);
    let told = 0;
    const client = await connectTo(server.port, {}, () => told++);
    const answered = new Promise<void>((resolve) => client.connection.ping(resolve));
    await answered;
    told = 0;
    const streams = Array.from({ length: 100 }, () => client.connection.open(request, false, nobody));
    for (const stream of streams) stream.reset(errorCode.cancel);
    assert.equal(told, 0);
    await Promise.resolve();
    assert.equal(told, 1);
    client.connection.destroy();
    await client.ended;
  });

  it("hear nothing of a stream after its end, and cannot send on it", async () => {
    const heard: string[] = [];
    let stream: Stream | undefined;
    const { peer } = await start((opened, block, end) => {
      if (opened.id !== 1) return echo(opened, block, end);
      stream = opened;
      opened.sendHeaders([":status", "200"], false);
      opened.sendData(Buffer.from("all"), true);
      assert.ok(opened.sendData(Buffer.from("more"), true));
      opened.sendHeaders(["more", "1"], true);
      return { ...nobody, onData: (bytes) => heard.push(bytes.toString()), onReset: () => heard.push("reset") };
    });
    peer.send(headers(1), data(1, Buffer.from("a"), true), data(1, Buffer.from("b"), true), wholeRequest(3));
    await peer.nextOf(frameType.headers, 3);
    assert.deepEqual(heard, ["a"]);
    assert.ok(stream?.closed);
    const of1 = peer.frames.filter(({ streamId }) => streamId === 1).map(({ type }) => type);
    assert.deepEqual(of1, [frameType.headers, frameType.data, frameType.rstStream]);
  });

  it("lose a stream that would make too much wait, and the others go on", async () => {
    const resets: unknown[] = [];
    const { peer, server } = await start(
      (stream, block, end) => {
        if (stream.id !== 1) return echo(stream, block, end);
        stream.sendHeaders([":status", "200"], false);
        const handler = { ...nobody, onReset: (reset: unknown) => resets.push(reset) };
        stream.handler = handler;
        for (let i = 0; i < 100; i++) stream.sendData(Buffer.alloc(10_000), false);
        return handler;
      },
      { limits: { queuedBytes: 300_000 } },
    );
    peer.send(headers(1), wholeRequest(3));
    const { payload } = await peer.nextOf(frameType.rstStream, 1);
    assert.equal(payload.readUInt32BE(), errorCode.enhanceYourCalm);
    await peer.nextOf(frameType.headers, 3);
    assert.deepEqual(resets, [{ code: errorCode.enhanceYourCalm, cause: "fault", unprocessed: false }]);
    assert.equal(connectionOf(server).queuedBytes, 0);
  });

  it("lose a stream that makes too much wait: small pieces cost their bytes, and little more", async () => {
    const { peer } = await start(
      (stream) => {
        stream.sendHeaders([":status", "200"], false);
        stream.sendData(Buffer.alloc(65_535), false);
        let sent = 0;
        while (!stream.closed && sent < 200_000) {
          stream.sendMessage(0, new Uint8Array(1), false);
          sent++;
        }
        assert.ok(sent > 150_000 && sent < 1_000_000 / 6, `${sent} pieces wait`);
        return nobody;
      },
      { limits: { queuedBytes: 1_000_000 } },
    );
    peer.send(settings(), headers(1));
    await peer.nextOf(frameType.rstStream, 1);
  });
});
