import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { constants, type ServerHttp2Stream } from "node:http2";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { connectivityState, Metadata, status } from "@grpc/grpc-js";
import { grpcLogLines, ownGrpcLog } from "../base/grpc-log.js";
import { silentLog } from "../base/log.js";
import { deferred } from "../testing/deferred.js";
import {
  bytes,
  framed,
  type RawServer,
  type TransportPeers,
  transportPeers,
  unary,
} from "../testing/transport-peers.js";

const answers = (stream: ServerHttp2Stream) => answersWith(stream, "x");

const answersWith = (stream: ServerHttp2Stream, text: string) => {
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(framed(Buffer.from(text)));
};

const codeOf = (call: { on(event: "status", listener: (end: { code: status }) => void): unknown }) =>
  new Promise<status>((resolve) => call.on("status", ({ code }) => resolve(code)));

describe("a channel over wire", () => {
  let peers: TransportPeers;
  before(async () => {
    peers = await transportPeers();
  });
  afterEach(() => peers.close());

  /** An address at which nothing listens. */
  async function deadAddress(): Promise<string> {
    const server = createServer();
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as { port: number };
    await promisify(server.close.bind(server))();
    return `127.0.0.1:${port}`;
  }

  const waiting = () => {
    const metadata = new Metadata();
    metadata.setOptions({ waitForReady: true });
    return { metadata };
  };

  it("tells its state, and those that watch it", async () => {
    const { address } = await peers.rawServer(answers);
    const { client, channel } = peers.wireClient(address);
    assert.equal(channel.getConnectivityState(false), connectivityState.IDLE);
    assert.equal(channel.getTarget(), address);
    await promisify(client.waitForReady.bind(client))(Date.now() + 5_000);
    assert.equal(channel.getConnectivityState(false), connectivityState.READY);
    assert.equal((await unary(client)).error, null);
    client.close();
    assert.equal(channel.getConnectivityState(true), connectivityState.SHUTDOWN);
    assert.throws(() => client.makeUnaryRequest("/test/x", bytes, bytes, Buffer.alloc(0), () => {}), /shut down/);
    const dead = peers.wireClient(await deadAddress()).client;
    await assert.rejects(promisify(dead.waitForReady.bind(dead))(Date.now() + 100), /before the deadline/);
  });

  it("fails calls with the last error, and serves those that wait", async () => {
    const address = await deadAddress();
    const { client, channel } = peers.wireClient(address);
    const patient = unary(client, Buffer.alloc(0), waiting());
    for (let i = 0; i < 3; i++) {
      const { error } = await unary(client);
      assert.equal(error?.code, status.UNAVAILABLE);
      assert.equal(
        error?.details,
        `No connection established. Last error: connect ECONNREFUSED ${address}. Resolution note: `,
      );
    }
    assert.equal(channel.waiting, 1);
    await peers.rawServer(answers, {}, { port: Number(address.split(":")[1]), host: "127.0.0.1" });
    assert.equal((await patient).error, null);
  });

  it("tells that a name stands for nothing, and that the client was closed", async () => {
    const { error } = await unary(peers.wireClient("no-such-host.invalid:1").client);
    assert.equal(error?.code, status.UNAVAILABLE);
    assert.match(
      error?.details ?? "",
      /^Name resolution failed for target no-such-host\.invalid:1 \(.*(ENOTFOUND|EAI_AGAIN)/,
    );
    const { client } = peers.wireClient(await deadAddress());
    const late = unary(client, Buffer.alloc(0), waiting());
    client.close();
    assert.equal((await late).error?.details, "Channel closed before call started");
  });

  it("keeps the deadline of a call that waits", async () => {
    const silent = createServer(() => {});
    await once(silent.listen(0, "127.0.0.1"), "listening");
    const { client, channel } = peers.wireClient(`127.0.0.1:${(silent.address() as { port: number }).port}`);
    const { error } = await unary(client, Buffer.alloc(0), { deadline: Date.now() + 100 });
    assert.deepEqual([error?.code, channel.waiting], [status.DEADLINE_EXCEEDED, 0]);
    assert.match(error?.details ?? "", /waiting for a connection/);
    client.close();
    silent.close();
  });

  it("connects again after its server has come back", async () => {
    let server = await peers.rawServer(answers);
    const { client } = peers.wireClient(server.address);
    assert.equal((await unary(client)).error, null);
    await server.close();
    assert.equal((await unary(client)).error?.code, status.UNAVAILABLE);
    server = await peers.rawServer(answers, {}, { port: server.port, host: "127.0.0.1" });
    assert.equal((await unary(client, Buffer.alloc(0), waiting())).error, null);
  });

  it("tells calls under way that the connection dropped, and what came before", async () => {
    const server = await peers.rawServer((stream, _, session) => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" });
      stream.write(framed(Buffer.from("first")));
      stream.once("drain", () => {});
      setTimeout(() => session.destroy(), 50);
    });
    const { client } = peers.wireClient(server.address);
    const call = client.makeServerStreamRequest("/test/x", bytes, bytes, Buffer.alloc(0), new Metadata(), {});
    const read: string[] = [];
    call.on("data", (message: Buffer) => read.push(message.toString()));
    const [error] = await once(call, "error");
    assert.deepEqual([error.code, error.details, read], [status.UNAVAILABLE, "Connection dropped", ["first"]]);
  });

  it("reports what a handler of this process has thrown, with which it ends the connection", async () => {
    ownGrpcLog(silentLog);
    const { address } = await peers.rawServer((stream, headers) => {
      if (headers[":path"] === "/test/x") answers(stream);
    });
    const { client, channel } = peers.wireClient(address);
    const other = codeOf(
      client.makeBidiStreamRequest("/test/never", bytes, bytes, new Metadata(), {}).on("error", () => {}),
    );
    const before = grpcLogLines();
    const lost = deferred();
    const fail = () => {
      throw new Error("a fault of this test");
    };
    channel.submit({
      waitsForReady: true,
      keepMetadata() {},
      run(link) {
        const handler = { onHeaders: fail, onData: fail, onRoom() {}, onReset: () => lost.resolve() };
        link.open([":method", "POST", ":scheme", "https", ":path", "/test/x", ":authority", "x"], handler, false);
      },
      fail: () => lost.resolve(),
    });
    await lost.promise;
    assert.equal(await other, status.UNAVAILABLE);
    for (let turns = 0; grpcLogLines() === before && turns < 10_000; turns++) await new Promise(setImmediate);
    assert.equal(grpcLogLines(), before + 1);
  });

  describe("repeats what no server has looked at:", () => {
    it("after REFUSED_STREAM, once for each", async () => {
      let calls = 0;
      const seen: string[] = [];
      const address = await peers.wireServer((stream) => {
        if (++calls % 2 === 1) return stream.reset(constants.NGHTTP2_REFUSED_STREAM);
        stream.sendHeaders([":status", "200", "content-type", "application/grpc"], false);
        stream.sendMessage(0, Buffer.from("x"), false);
        stream.sendHeaders(["grpc-status", "0"], true);
      });
      const { client } = peers.wireClient(address);
      for (let i = 0; i < 3; i++) seen.push(String((await unary(client, Buffer.from("request"))).answer));
      assert.deepEqual([calls, seen], [6, ["x", "x", "x"]]);
    });

    it("not for ever", async () => {
      let calls = 0;
      const address = await peers.wireServer((stream) => {
        calls++;
        stream.reset(constants.NGHTTP2_REFUSED_STREAM);
      });
      const { error } = await unary(peers.wireClient(address).client);
      assert.deepEqual([error?.code, error?.details, calls], [status.UNAVAILABLE, "Stream refused by server", 4]);
    });

    it("above the last stream of a GOAWAY, with its message; and not below", async () => {
      const begun: string[] = [];
      const both = deferred();
      const server = await peers.rawServer((stream, { ":path": path }, session) => {
        begun.push(`${path} on ${server.sessions.indexOf(session)}`);
        if (session !== server.sessions[0]) {
          const chunks: Buffer[] = [];
          stream.on("data", (chunk: Buffer) => chunks.push(chunk));
          stream.on("end", () => answersWith(stream, Buffer.concat(chunks).subarray(5).toString()));
        } else if (begun.length === 2) both.resolve();
      });
      const { client } = peers.wireClient(server.address);
      const processed = unary(client, Buffer.from("1"), { path: "/test/processed" });
      const unprocessed = unary(client, Buffer.from("2"), { path: "/test/unprocessed" });
      await both.promise;
      server.sessions[0]?.goaway(constants.NGHTTP2_NO_ERROR, 1);
      assert.equal((await unprocessed).answer?.toString(), "2");
      server.sessions[0]?.destroy();
      assert.equal((await processed).error?.code, status.UNAVAILABLE);
      assert.deepEqual(begun, ["/test/processed on 0", "/test/unprocessed on 0", "/test/unprocessed on 1"]);
    });

    it("not a stream whose messages are gone; but one that has sent nothing", async () => {
      let refusals = 2;
      const address = await peers.wireServer((stream) => {
        if (refusals-- > 0) return setTimeout(() => stream.reset(constants.NGHTTP2_REFUSED_STREAM), 50);
        stream.sendHeaders([":status", "200", "content-type", "application/grpc", "grpc-status", "0"], true);
      });
      const { client } = peers.wireClient(address);
      const open = () =>
        client.makeBidiStreamRequest("/test/x", bytes, bytes, new Metadata(), {}).on("error", () => {});
      const [gone, quiet] = [open(), open()];
      for (let i = 0; i < 3; i++) gone.write(Buffer.from("x"));
      gone.resume();
      quiet.resume();
      const ends = await Promise.all([gone, quiet].map(codeOf));
      assert.deepEqual(ends, [status.UNAVAILABLE, status.OK]);
    });

    it("where a server goes away in the middle of many calls, none is lost and none runs twice", async () => {
      const runs = new Map<string, number>();
      const server = await peers.rawServer((stream, { x }) => {
        runs.set(String(x), (runs.get(String(x)) ?? 0) + 1);
        setImmediate(() => answers(stream));
        if (runs.size % 100 === 0) stream.session?.close();
      });
      const { client } = peers.wireClient(server.address);
      let next = 0;
      let failed = 0;
      await Promise.all(
        Array.from({ length: 20 }, async () => {
          while (next < 1_000) {
            const metadata = new Metadata();
            metadata.set("x", String(next++));
            if ((await unary(client, Buffer.alloc(0), { metadata })).error) failed++;
          }
        }),
      );
      assert.deepEqual([failed, runs.size, Math.max(...runs.values())], [0, 1_000, 1]);
      assert.ok(server.connections > 2);
    });
  });

  describe("where the server takes few calls on a connection:", () => {
    for (const most of [1, 10]) {
      it(`${most}, it makes more connections, and then calls wait in their order`, async () => {
        const open: ServerHttp2Stream[] = [];
        const full = deferred();
        const server = await peers.rawServer(
          (stream) => {
            open.push(stream);
            if (open.length === 8 * most) full.resolve();
          },
          { maxConcurrentStreams: most },
        );
        const { client, channel } = peers.wireClient(server.address);
        const ended: number[] = [];
        const calls = Array.from({ length: 8 * most + 3 }, async (_, i) => {
          assert.equal((await unary(client)).error, null);
          ended.push(i);
        });
        await full.promise;
        assert.deepEqual([server.connections, channel.waiting], [8, 3]);
        const late = await unary(client, Buffer.alloc(0), { deadline: Date.now() + 50 });
        assert.equal(late.error?.code, status.DEADLINE_EXCEEDED);
        for (let i = 0; i < calls.length; i++) {
          while (!open[i]) await new Promise(setImmediate);
          answers(open[i] as ServerHttp2Stream);
        }
        await Promise.all(calls);
        assert.deepEqual(ended.slice(-3), [8 * most, 8 * most + 1, 8 * most + 2]);
      });
    }

    it("waiting calls are bounded, and told", async () => {
      const { client, channel } = peers.wireClient(await silentAddress());
      for (let i = 0; i < 65_536; i++) {
        const call = channel.createCall("/test/x", Number.POSITIVE_INFINITY, null, null, null);
        call.start(new Metadata(), { onReceiveMetadata() {}, onReceiveMessage() {}, onReceiveStatus() {} });
      }
      const { error } = await unary(client);
      assert.deepEqual([error?.code, channel.waiting], [status.RESOURCE_EXHAUSTED, 65_536]);
      client.close();
      assert.equal(channel.waiting, 0);
    });
  });

  const silent: ReturnType<typeof createServer>[] = [];
  after(() => {
    for (const server of silent) server.close();
  });
  async function silentAddress(): Promise<string> {
    const server = createServer((socket) => socket.on("error", () => {}));
    silent.push(server);
    await once(server.listen(0, "127.0.0.1"), "listening");
    server.unref();
    return `127.0.0.1:${(server.address() as { port: number }).port}`;
  }

  describe("of several addresses,", () => {
    const listOf = (...servers: readonly (RawServer | string)[]) =>
      `ipv4:${servers.map((server) => (typeof server === "string" ? server : server.address)).join(",")}`;

    it("it takes the first that answers, whether others refuse or say nothing", async () => {
      const server = await peers.rawServer(answers);
      for (const first of [await deadAddress(), await silentAddress()]) {
        const { client } = peers.wireClient(listOf(first, server));
        assert.equal((await unary(client)).error, null);
        client.close();
      }
    });

    it("it goes on to another one when its server is gone, and tells of the last when all are", async () => {
      const [first, second] = [
        await peers.rawServer((s) => answersWith(s, "1")),
        await peers.rawServer((s) => answersWith(s, "2")),
      ];
      const { client } = peers.wireClient(listOf(first, second));
      assert.equal((await unary(client)).answer?.toString(), "1");
      await first.close();
      const next = await unary(client, Buffer.alloc(0), waiting());
      if (next.error) assert.equal(next.error.details, "Connection dropped");
      assert.equal((await unary(client, Buffer.alloc(0), waiting())).answer?.toString(), "2");
      await second.close();
      while ((await unary(client)).error?.details === "Connection dropped");
      assert.match((await unary(client)).error?.details ?? "", new RegExp(`ECONNREFUSED ${second.address}`));
    });

    it("it gives calls to all in turn where it is told to, and leaves out those that are gone", async () => {
      const servers = await Promise.all(
        ["1", "2", "3"].map((text) => peers.rawServer((stream) => answersWith(stream, text))),
      );
      const options = { "grpc.service_config": JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }) };
      const { client } = peers.wireClient(listOf(...servers), options);
      const counts = async () => {
        const got: Record<string, number> = {};
        for (let i = 0; i < 30; i++) {
          const { answer } = await unary(client, Buffer.alloc(0), waiting());
          got[String(answer)] = (got[String(answer)] ?? 0) + 1;
        }
        return got;
      };
      while (Object.keys(await counts()).length < 3);
      assert.deepEqual(await counts(), { 1: 10, 2: 10, 3: 10 });
      await servers[1]?.close();
      while ("2" in (await counts()) || "undefined" in (await counts()));
      assert.deepEqual(await counts(), { 1: 15, 3: 15 });
      await peers.rawServer(
        (stream) => answersWith(stream, "2"),
        {},
        { port: servers[1]?.port ?? 0, host: "127.0.0.1" },
      );
      while (!("2" in (await counts())));
      await Promise.all(servers.map((server) => server.close()));
    });
  });

  it("goes to a socket of the machine", async () => {
    const folder = await mkdtemp(join(tmpdir(), "wire-"));
    const path = join(folder, "s");
    await peers.rawServer(answers, {}, { path });
    for (const target of [`unix:${path}`, `unix://${path}`]) {
      const { client } = peers.wireClient(target);
      assert.equal((await unary(client)).error, null);
      client.close();
    }
    await peers.close();
    await rm(folder, { recursive: true });
  });

  it("keeps a process alive for its calls, and for nothing else", async () => {
    const held = deferred<ServerHttp2Stream>();
    const server = await peers.rawServer((stream) => held.resolve(stream));
    const sockets: { hasRef(): boolean }[] = [];
    const { client } = peers.wireClient(server.address, {}, (socket) => {
      const { _handle } = socket as unknown as { _handle: { hasRef(): boolean } };
      sockets.push(_handle);
    });
    const call = unary(client);
    answers(await held.promise);
    assert.equal(sockets[0]?.hasRef(), true);
    assert.equal((await call).error, null);
    assert.equal(sockets[0]?.hasRef(), false);
  });
});
