import assert from "node:assert/strict";
import { once } from "node:events";
import http2, { type Http2Server, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { errorCode } from "./frame/error-code.js";
import type { ConnectionOptions } from "./session/connection-handler.js";
import type { StreamHandler } from "./stream/stream.js";
import { call, connectTo, type LoopbackClient, request, Taker } from "./testing/index.js";

type OnStream = (stream: ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void;

const echoStream: OnStream = (stream) => {
  stream.on("error", () => {});
  stream.respond({ ":status": 200 }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.pipe(stream);
};

describe("a client connection, with servers of node:http2", () => {
  const servers: Http2Server[] = [];
  const clients: LoopbackClient[] = [];
  const sessions = new Set<http2.ServerHttp2Session>();
  afterEach(async () => {
    for (const { connection, ended } of clients.splice(0)) {
      connection.destroy();
      await ended;
    }
    for (const session of sessions) session.destroy();
    for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
  });

  async function start(
    onStream: OnStream,
    options: ConnectionOptions = {},
    serverOptions: http2.ServerOptions = {},
    onCapacity: () => void = () => {},
  ) {
    const server = http2.createServer(serverOptions);
    server.on("stream", onStream);
    server.on("session", (session) => {
      sessions.add(session);
      session.on("error", () => {});
      session.on("close", () => sessions.delete(session));
    });
    server.on("sessionError", () => {});
    servers.push(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const sessionComes = once(server, "session");
    const client = await connectTo((server.address() as AddressInfo).port, options, onCapacity);
    clients.push(client);
    const [session] = (await sessionComes) as [http2.ServerHttp2Session];
    return { ...client, session };
  }

  it("gets header list, content and trailers", async () => {
    const { connection } = await start((stream) => {
      stream.respond({ ":status": 200, "x-a": "1" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end("content");
    });
    const { headers, content } = await call(connection).whole;
    assert.equal(headers[0]?.[1], "200");
    assert.ok(headers[0]?.includes("x-a"));
    assert.equal(content.toString(), "content");
    assert.deepEqual(headers[1], ["grpc-status", "0"]);
    assert.equal(connection.streams, 0);
  });

  it("gets large content back through windows that are small on both sides", async () => {
    const { connection } = await start(
      echoStream,
      { limits: { streamWindowBytes: 20_000, connectionWindowBytes: 65_535 } },
      { settings: { initialWindowSize: 10_000 } },
    );
    const content = Buffer.alloc(2_000_000, "0123456789");
    const answers = await Promise.all([1, 2, 3, 4].map(() => call(connection, content).whole));
    for (const answer of answers) assert.ok(answer.content.equals(content));
    assert.equal(connection.queuedBytes, 0);
  });

  it("keeps to the streams that the server takes, which may change", async () => {
    let most = 0;
    let open = 0;
    const serve: OnStream = (stream) => {
      open++;
      most = Math.max(most, open);
      stream.on("close", () => open--);
      echoStream(stream, {});
    };
    let waiting = 1_000;
    const answers: Promise<unknown>[] = [];
    let allSent: () => void = () => {};
    const sent = new Promise<void>((resolve) => {
      allSent = resolve;
    });
    let tellSettled: () => void = () => {};
    const settled = new Promise<void>((resolve) => {
      tellSettled = resolve;
    });
    let capacities = 0;
    const { connection, session } = await start(serve, {}, { settings: { maxConcurrentStreams: 30 } }, () => {
      capacities++;
      tellSettled();
      if (answers.length > 0) fill();
    });
    const fill = () => {
      while (connection.capacity > 0 && waiting-- > 0) answers.push(call(connection, Buffer.from("x")).whole);
      if (waiting <= 0) allSent();
    };
    await settled;
    assert.equal(connection.capacity, 30);
    fill();
    assert.equal(connection.capacity, 0);
    assert.throws(() => call(connection), RangeError);
    await sent;
    await Promise.all(answers);
    assert.equal(answers.length, 1_000);
    assert.ok(most <= 30, `${most} at once`);
    assert.ok(capacities <= 1_001, `told ${capacities} times`);
    await new Promise((resolve) => session.settings({ maxConcurrentStreams: 5 }, () => resolve(undefined)));
    assert.equal(connection.capacity, 5);
  });

  it("tells a stream that the server resets, with its code", async () => {
    const { connection } = await start((stream) => {
      stream.on("error", () => {});
      stream.respond({ ":status": 200 });
      // Its `close` would send an end first.
      stream.write("before", () => stream.destroy(new Error("broken")));
    });
    const { content, reset } = await call(connection).whole;
    assert.equal(content.toString(), "before");
    assert.deepEqual(reset, { code: errorCode.internalError, cause: "peer", unprocessed: false });
  });

  it("knows that a refused stream was not looked at", async () => {
    const { connection } = await start((stream) => stream.on("error", () => {}).close(errorCode.refusedStream));
    const { reset } = await call(connection).whole;
    assert.deepEqual(reset, { code: errorCode.refusedStream, cause: "peer", unprocessed: true });
  });

  it("resets thousands of streams at once, and goes on", async () => {
    const { connection, session } = await start(echoStream, {}, { settings: { maxConcurrentStreams: 10_000 } });
    await once(session, "localSettings");
    // The server answers all of them before it reads the first reset.
    const takers = Array.from({ length: 900 }, () => call(connection, Buffer.alloc(10)));
    for (const { stream } of takers) stream?.reset(errorCode.cancel);
    assert.equal(connection.streams, 0);
    assert.equal((await call(connection, Buffer.from("on")).whole).content.toString(), "on");
  });

  it("takes an early answer and a reset without error", async () => {
    const { connection } = await start((stream) => {
      stream.on("error", () => {});
      stream.respond({ ":status": 200, "grpc-status": 7 }, { endStream: true });
      stream.close(errorCode.noError);
    });
    const taker = new Taker();
    taker.stream = connection.open(request, false, taker);
    taker.stream.sendData(Buffer.alloc(10), false);
    const { headers } = await taker.whole;
    assert.ok(headers[0]?.includes("grpc-status"));
    assert.equal((await call(connection).whole).reset, undefined);
  });

  it("tells of interim responses who wants to hear of them, and skips them", async () => {
    const { connection } = await start((stream) => {
      stream.additionalHeaders({ ":status": 100 });
      stream.additionalHeaders({ ":status": 103, link: "x" });
      stream.respond({ ":status": 204 }, { endStream: true });
    });
    const { headers } = await call(connection).whole;
    assert.equal(headers.length, 1);
    assert.equal(headers[0]?.[1], "204");
    const taker = Object.assign(new Taker(), { interim: [] as string[][], onInterim });
    function onInterim({ headers }: { readonly headers: readonly string[] }) {
      taker.interim.push([...headers]);
    }
    connection.open(request, true, taker);
    await taker.whole;
    assert.deepEqual(taker.interim, [
      [":status", "100"],
      [":status", "103", "link", "x"],
    ]);
  });

  it("sends request trailers, and header lists longer than a frame", async () => {
    const { connection } = await start((stream, headers) => {
      stream.on("trailers", (trailers: http2.IncomingHttpHeaders) => {
        stream.respond(
          { ":status": 200, "x-long": headers["x-long"], "x-sum": trailers["x-sum"] },
          { endStream: true },
        );
      });
      stream.resume();
    });
    const taker = new Taker();
    const stream = connection.open([...request, "x-long", "y".repeat(50_000)], false, taker);
    stream.sendData(Buffer.alloc(100_000), false);
    stream.sendHeaders(["x-sum", "42"], true);
    const [headers] = (await taker.whole).headers;
    assert.equal(headers?.[headers.indexOf("x-long") + 1]?.length, 50_000);
    assert.equal(headers?.[headers.indexOf("x-sum") + 1], "42");
  });

  it("takes padded frames", async () => {
    const { connection } = await start(echoStream, {}, { paddingStrategy: http2.constants.PADDING_STRATEGY_MAX });
    const content = Buffer.alloc(300_000, "p");
    assert.ok((await call(connection, content).whole).content.equals(content));
  });

  it("follows settings that change while streams are open", async () => {
    const { connection, session } = await start(echoStream);
    const answer = call(connection, Buffer.alloc(1_000_000, "s")).whole;
    for (const initialWindowSize of [0, 100, 1_000_000, 65_535]) {
      await new Promise((resolve) => session.settings({ initialWindowSize }, () => resolve(undefined)));
    }
    assert.equal((await answer).content.length, 1_000_000);
  });

  it("lets an answer that is not read stop no other one", async () => {
    const large = Buffer.alloc(400_000);
    const serve: OnStream = (stream, headers) => {
      if (headers[":path"] !== "/slow") {
        echoStream(stream, headers);
        return;
      }
      stream.on("error", () => {});
      stream.respond({ ":status": 200 });
      stream.end(large);
    };
    const { connection } = await start(serve, {}, { maxSessionMemory: 100 });
    const unread: StreamHandler = { onHeaders() {}, onData() {}, onReset() {}, onRoom() {} };
    const slow = Array.from({ length: 64 }, () =>
      connection.open([":method", "POST", ":scheme", "http", ":authority", "arm", ":path", "/slow"], true, unread),
    );
    assert.equal((await call(connection, Buffer.alloc(3_000_000)).whole).content.length, 3_000_000);
    for (const stream of slow) stream.reset(errorCode.cancel);
  });

  it("goes on with what the server still serves after its GOAWAY, and knows what it does not", async () => {
    const open: ServerHttp2Stream[] = [];
    const { connection, session, ended } = await start((stream) => {
      stream.on("error", () => {});
      stream.respond({ ":status": 200 });
      open.push(stream);
      if (open.length === 3) session.goaway(errorCode.noError, 3);
    });
    const [first, second, third] = [call(connection), call(connection), call(connection)];
    assert.deepEqual((await third.whole).reset, { code: errorCode.refusedStream, cause: "peer", unprocessed: true });
    assert.ok(connection.ending);
    assert.equal(connection.capacity, 0);
    for (const stream of open.slice(0, 2)) stream.end("served");
    assert.equal((await first.whole).content.toString(), "served");
    assert.equal((await second.whole).content.toString(), "served");
    const end = await ended;
    assert.equal(end.by, "peer");
  });

  it("says why the server has ended the connection", async () => {
    const { connection, session, ended } = await start((stream) => {
      stream.on("error", () => {});
      session.goaway(errorCode.enhanceYourCalm, 0, Buffer.from("too_many_pings"));
      session.destroy();
    });
    const taker = call(connection);
    assert.deepEqual(await ended, { code: errorCode.enhanceYourCalm, message: "too_many_pings", by: "peer" });
    assert.ok((await taker.whole).reset);
  });

  it("closes once its streams have ended, with a GOAWAY", async () => {
    const { connection, session, ended } = await start(echoStream);
    const goAway = once(session, "goaway");
    const answer = call(connection, Buffer.from("last"));
    connection.close();
    assert.equal(connection.capacity, 0);
    assert.equal((await answer.whole).content.toString(), "last");
    assert.deepEqual(await ended, { code: errorCode.noError, message: "", by: "local" });
    assert.equal((await goAway)[0], errorCode.noError);
  });
});
