import assert from "node:assert/strict";
import { once } from "node:events";
import http2, { type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from "node:http2";
import { errorCode } from "./frame/error-code.js";
import type { ConnectionOptions } from "./session/connection-handler.js";
import { answering, echo, type LoopbackServer, serve } from "./testing/index.js";

interface NodeAnswer {
  readonly headers: IncomingHttpHeaders | undefined;
  readonly trailers: IncomingHttpHeaders | undefined;
  readonly content: Buffer;
  readonly code: number | undefined;
}

/** What comes on a stream of Node's, up to its end. */
async function read(stream: ClientHttp2Stream): Promise<NodeAnswer> {
  let headers: IncomingHttpHeaders | undefined;
  let trailers: IncomingHttpHeaders | undefined;
  const pieces: Buffer[] = [];
  stream.on("response", (given) => {
    headers = given;
  });
  stream.on("trailers", (given) => {
    trailers = given;
  });
  stream.on("data", (piece: Buffer) => pieces.push(piece));
  stream.on("error", () => {});
  if (!stream.closed) await once(stream, "close").catch(() => {});
  return { headers, trailers, content: Buffer.concat(pieces), code: stream.rstCode };
}

const post = { ":method": "POST", ":path": "/", te: "trailers" };

describe("a server connection, with clients of node:http2", () => {
  const servers: LoopbackServer[] = [];
  const sessions: ClientHttp2Session[] = [];
  afterEach(async () => {
    for (const session of sessions.splice(0)) session.destroy();
    for (const server of servers.splice(0)) await server.close();
  });

  async function start(
    onStream: Parameters<typeof serve>[0],
    options: ConnectionOptions = {},
    clientOptions: http2.ClientSessionOptions = {},
  ) {
    const server = await serve(onStream, options);
    servers.push(server);
    const session = http2.connect(`http://127.0.0.1:${server.port}`, clientOptions);
    session.on("error", () => {});
    sessions.push(session);
    await once(session, "remoteSettings");
    return { server, session };
  }

  it("answers with header list, content and trailers", async () => {
    const { session } = await start((stream, request) => {
      assert.equal(request?.headers[1], "POST");
      stream.sendHeaders([":status", "200", "x-one", "1", "x-two", "2"], false);
      stream.sendData(Buffer.from("content"), false);
      stream.sendHeaders(["grpc-status", "0"], true);
      return { onHeaders() {}, onData() {}, onReset() {}, onRoom() {} };
    });
    const { headers, trailers, content } = await read(session.request(post, { endStream: true }));
    assert.equal(headers?.[":status"], 200);
    assert.equal(headers?.["x-two"], "2");
    assert.equal(content.toString(), "content");
    assert.equal(trailers?.["grpc-status"], "0");
  });

  it("echoes large content through windows that are small on both sides", async () => {
    const { session, server } = await start(
      echo,
      { limits: { streamWindowBytes: 20_000, connectionWindowBytes: 65_535 } },
      { settings: { initialWindowSize: 10_000 } },
    );
    const content = Buffer.alloc(2_000_000, "0123456789");
    const streams = Array.from({ length: 4 }, () => {
      const stream = session.request(post);
      stream.end(content);
      return read(stream);
    });
    for (const answer of await Promise.all(streams)) assert.ok(answer.content.equals(content));
    const [connection] = server.connections;
    assert.equal(connection?.queuedBytes, 0);
    assert.equal(connection?.streams, 0);
  });

  it("takes content before the other end knows that the window of a stream is small", async () => {
    const server = await serve(echo, { limits: { streamWindowBytes: 100 } });
    servers.push(server);
    const session = http2.connect(`http://127.0.0.1:${server.port}`);
    sessions.push(session);
    const stream = session.request(post);
    stream.end(Buffer.alloc(60_000, 1));
    const { content } = await read(stream);
    assert.equal(content.length, 60_000);
  });

  it("serves 1,000 streams that were opened at once, beyond those that it takes at once", async () => {
    let most = 0;
    let open = 0;
    const { session } = await start(
      (stream, request, end) => {
        open++;
        most = Math.max(most, open);
        assert.ok(end);
        setImmediate(() => {
          open--;
          answering(Buffer.from("x"))(stream, request, true);
        });
        return { onHeaders() {}, onData() {}, onReset() {}, onRoom() {} };
      },
      { limits: { concurrentStreams: 50 } },
    );
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, () => read(session.request(post, { endStream: true }))),
    );
    assert.ok(answers.every(({ content }) => content.toString() === "x"));
    assert.ok(most <= 50, `${most} at once`);
  });

  it("is told of streams that the client resets, and goes on with the others", async () => {
    const resets: number[] = [];
    const { session } = await start((stream, request, end) => ({
      ...echo(stream, request, end),
      onReset: ({ code }) => resets.push(code),
    }));
    const streams = Array.from({ length: 10 }, () => session.request(post));
    await Promise.all(streams.map((stream) => once(stream, "response")));
    // Its `close` would send an end first.
    for (const stream of streams.slice(1)) stream.on("error", () => {}).destroy(new Error("gone"));
    const [first] = streams as [ClientHttp2Stream];
    first.end("still here");
    assert.equal((await read(first)).content.toString(), "still here");
    assert.deepEqual(resets, Array(9).fill(errorCode.internalError));
  });

  it("resets streams, with the code that is given", async () => {
    const { session } = await start((stream) => {
      stream.sendHeaders([":status", "200"], false);
      stream.reset(errorCode.enhanceYourCalm);
      return { onHeaders() {}, onData: () => assert.fail("a stream that is over"), onReset() {}, onRoom() {} };
    });
    const stream = session.request(post);
    stream.write("more");
    assert.equal((await read(stream)).code, errorCode.enhanceYourCalm);
    assert.equal((await read(session.request(post))).code, errorCode.enhanceYourCalm);
  });

  it("answers early, and asks for no more: the answer arrives whole, however slowly it is read", async () => {
    const answer = Buffer.alloc(1_000_000, "a");
    let taken = 0;
    const { session } = await start(
      (stream) => {
        stream.sendHeaders([":status", "200"], false);
        stream.sendData(answer, false);
        stream.sendHeaders(["grpc-status", "7"], true);
        stream.reset(errorCode.noError);
        return { onHeaders() {}, onData: () => taken++, onReset() {}, onRoom() {} };
      },
      {},
      { settings: { initialWindowSize: 1_000 } },
    );
    const stream = session.request(post);
    stream.write("a part of a request");
    const { content, trailers, code } = await read(stream);
    assert.ok(content.equals(answer));
    assert.equal(trailers?.["grpc-status"], "7");
    assert.equal(code, errorCode.noError);
    assert.equal(taken, 0);
  });

  it("reads request trailers", async () => {
    const { session } = await start((stream) => ({
      onHeaders({ headers }, end) {
        assert.ok(end);
        stream.sendHeaders([":status", "200", "x-got", headers.join()], true);
      },
      onData() {},
      onReset() {},
      onRoom() {},
    }));
    const stream = session.request(post, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "x-sum": "42" }));
    stream.end("content");
    assert.equal((await read(stream)).headers?.["x-got"], "x-sum,42");
  });

  it("sends interim responses", async () => {
    const { session } = await start((stream) => {
      stream.sendHeaders([":status", "103", "link", "x"], false);
      stream.sendHeaders([":status", "200"], true);
      return { onHeaders() {}, onData() {}, onReset() {}, onRoom() {} };
    });
    const stream = session.request(post, { endStream: true });
    const interim: number[] = [];
    stream.on("headers", (headers) => interim.push(Number(headers[":status"])));
    assert.equal((await read(stream)).headers?.[":status"], 200);
    assert.deepEqual(interim, [103]);
  });

  it("reads and writes header lists longer than a frame", async () => {
    const { session } = await start((stream, request) => {
      const long = request?.headers[(request?.headers.indexOf("x-long") ?? 0) + 1] ?? "";
      stream.sendHeaders([":status", "200", "x-length", String(long.length), "x-long", long], true);
      return { onHeaders() {}, onData() {}, onReset() {}, onRoom() {} };
    });
    const stream = session.request({ ...post, "x-long": "y".repeat(50_000) }, { endStream: true });
    const { headers } = await read(stream);
    assert.equal(headers?.["x-length"], "50000");
    assert.equal(headers?.["x-long"], "y".repeat(50_000));
  });

  it("gives a request without its header list where that is too large", async () => {
    const { session } = await start(
      (stream, request) => {
        stream.sendHeaders([":status", request ? "200" : "431"], true);
        return { onHeaders() {}, onData() {}, onReset() {}, onRoom() {} };
      },
      { limits: { headerListBytes: 1_000 } },
    );
    const statusOf = async (length: number) =>
      (await read(session.request({ ...post, "x-long": "y".repeat(length) }, { endStream: true }))).headers?.[
        ":status"
      ];
    assert.deepEqual([await statusOf(500), await statusOf(2_000), await statusOf(500)], [200, 431, 200]);
  });

  it("takes padded frames", async () => {
    const { session } = await start(echo, {}, { paddingStrategy: http2.constants.PADDING_STRATEGY_MAX });
    const stream = session.request(post);
    const content = Buffer.alloc(300_000, "p");
    stream.end(content);
    assert.ok((await read(stream)).content.equals(content));
  });

  it("takes priorities, which change nothing", async () => {
    const { session } = await start(echo);
    const first = session.request(post, { weight: 1 });
    first.end("a");
    const second = session.request(post, { parent: first.id ?? 1, exclusive: true, weight: 256 });
    second.end("b");
    const answers = await Promise.all([read(first), read(second)]);
    assert.deepEqual(
      answers.map(({ content }) => content.toString()),
      ["a", "b"],
    );
  });

  it("follows settings that change while streams are open, also when windows fall below zero", async () => {
    const { session } = await start(answering(Buffer.alloc(200_000, "z")));
    const stream = session.request(post, { endStream: true });
    stream.pause();
    await once(stream, "response");
    for (const initialWindowSize of [0, 10, 100_000, 65_535]) {
      await new Promise((resolve) => session.settings({ initialWindowSize }, resolve));
    }
    stream.resume();
    assert.equal((await read(stream)).content.length, 200_000);
    assert.equal((await read(session.request(post, { endStream: true }))).content.length, 200_000);
  });

  it("lets a stream that is read slowly stop no other one, in either direction", async () => {
    let taken = 0;
    const serveAll: Parameters<typeof serve>[0] = (stream, request, end) => {
      if (!request?.headers.includes("/slow")) return echo(stream, request, end);
      stream.sendHeaders([":status", "200"], false);
      taken++;
      return { onHeaders() {}, onData() {}, onReset() {}, onRoom() {} };
    };
    const { session } = await start(serveAll, {}, { maxSessionMemory: 100 });
    // What these bring, four times the window of the connection, is never said to have been dealt with.
    const slow = Array.from({ length: 64 }, () => session.request({ ...post, ":path": "/slow" }));
    for (const stream of slow) stream.on("error", () => {}).write(Buffer.alloc(262_144));
    const large = session.request(post);
    large.end(Buffer.alloc(3_000_000, "f"));
    assert.equal((await read(large)).content.length, 3_000_000);
    assert.equal(taken, 64);
    for (const stream of slow) stream.close(errorCode.cancel);
  });

  it("keeps the connection usable after many streams died with content waiting", async () => {
    const { session, server } = await start((stream, request, end) => {
      if (!request?.headers.includes("/dies")) return echo(stream, request, end);
      stream.sendHeaders([":status", "200"], false);
      stream.sendData(Buffer.alloc(500_000), false);
      return { onHeaders() {}, onData() {}, onReset() {}, onRoom() {} };
    });
    for (let round = 0; round < 20; round++) {
      const streams = Array.from({ length: 10 }, () => session.request({ ...post, ":path": "/dies" }));
      await Promise.all(
        streams.map(async (stream) => {
          stream.on("error", () => {}).pause();
          await once(stream, "response");
          stream.close(errorCode.cancel);
          await once(stream, "close");
        }),
      );
    }
    const stream = session.request(post);
    stream.end(Buffer.alloc(1_000_000));
    assert.equal((await read(stream)).content.length, 1_000_000);
    const [connection] = server.connections;
    assert.equal(connection?.queuedBytes, 0);
  });

  it("closes in two steps, and serves what is open, and what was on its way", async () => {
    const { session, server } = await start(echo);
    const open = session.request(post);
    await once(open, "response");
    const lastIds: number[] = [];
    session.on("goaway", (_code: number, lastId: number) => lastIds.push(lastId));
    const [connection] = server.connections;
    connection?.close();
    assert.ok(connection?.ending);
    const onItsWay = session.request(post);
    onItsWay.end("on its way");
    open.end("open");
    const answers = await Promise.all([read(open), read(onItsWay)]);
    assert.deepEqual(
      answers.map(({ content }) => content.toString()),
      ["open", "on its way"],
    );
    const [end] = await server.ended();
    assert.deepEqual(end, { code: errorCode.noError, message: "", by: "local" });
    assert.deepEqual(lastIds, [2 ** 31 - 1, 3]);
  });

  it("ends when the client says goodbye, after its streams", async () => {
    const { session, server } = await start(echo);
    const stream = session.request(post);
    await once(stream, "response");
    session.close();
    stream.end("last");
    assert.equal((await read(stream)).content.toString(), "last");
    const [end] = await server.ended();
    assert.equal(end?.by, "peer");
    assert.equal(end?.code, errorCode.noError);
  });

  it("answers pings, and asks", async () => {
    const { session, server } = await start(echo);
    await new Promise<void>((resolve, reject) => {
      session.ping((error: Error | null) => (error ? reject(error) : resolve()));
    });
    const [connection] = server.connections;
    await new Promise<void>((resolve) => connection?.ping(resolve));
    await new Promise<void>((resolve) => connection?.ping(resolve));
  });
});
