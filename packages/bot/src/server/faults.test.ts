import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import { hello, ping, wholeRequest } from "@interlock/wire/testing";
import { InterlockError } from "../base/error.js";
import type { Identity } from "../identity/identity.js";
import { deferred } from "../testing/deferred.js";
import { type EchoServer, serveEcho } from "../testing/echo-server.js";
import { rawCall, rawSession, rawTls, shows } from "../testing/raw-client.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";

const { echo, chat, count, open } = EchoService.methods;
const grpcHeaders = { ":method": "POST", "content-type": "application/grpc", te: "trailers" };

// An unhandled rejection, or an 'error' event that nobody listens for, fails whichever of these tests is running.
describe("a server among faults", () => {
  let fleet: TestFleet;
  let server: EchoServer | undefined;
  let caller: Identity;
  let headers: { authorization: string };

  beforeEach(async () => {
    fleet = await createTestFleet();
    caller = await fleet.ca.issue("spiffe://test/caller/1");
    headers = { authorization: `Bearer ${await fleet.token(caller, EchoService.name, ["echo:call"])}` };
  });
  afterEach(() => server?.bot.close(0));

  it("answers half a surrogate pair in an error's message", async () => {
    server = await serveEcho(fleet, {
      open() {
        throw new InterlockError("NOT_FOUND", "no item \ud83d", { reason: "NO_ITEM", domain: "shop" });
      },
    });
    const answer = await rawCall(rawSession(server.port, shows(caller)), open.path);
    assert.equal(answer.status, 5);
    assert.equal(answer.message, "no item \ufffd");
    await server.goodCall();
  });

  it("answers an error that cannot be written", async () => {
    server = await serveEcho(fleet, {
      open() {
        throw new InterlockError("NOT_FOUND", "no", { reason: "NO_ITEM", metadata: unwritable as never });
      },
    });
    const answer = await rawCall(rawSession(server.port, shows(caller)), open.path);
    assert.equal(answer.status, 13);
    await server.goodCall();
  });

  it("answers a message that cannot be written", async () => {
    server = await serveEcho(fleet, { open: () => unwritable });
    const answer = await rawCall(rawSession(server.port, shows(caller)), open.path);
    assert.deepEqual([answer.status, answer.message], [13, "The handler failed."]);
    await server.goodCall();
  });

  it("answers where a handler yields a message that cannot be written, and has the handler return", async () => {
    let returned = false;
    server = await serveEcho(fleet, {
      async *count() {
        try {
          yield { reason: "1" };
          yield { reason: 2 as never };
          yield { reason: "3" };
        } finally {
          returned = true;
        }
      },
    });
    const answer = await rawCall(rawSession(server.port, shows(caller)), count.path, headers);
    assert.deepEqual([answer.status, answer.message], [13, "The handler failed."]);
    assert.ok(returned);
    await server.goodCall();
  });

  it("lets a handler do many things under its signal without a warning", async () => {
    const warnings: string[] = [];
    const onWarning = ({ name }: Error) => void warnings.push(name);
    process.on("warning", onWarning);
    server = await serveEcho(fleet, {
      open(_request, { signal }) {
        for (let i = 0; i < 20; i++) signal.addEventListener("abort", () => {});
        return {};
      },
    });
    assert.equal((await rawCall(rawSession(server.port, shows(caller)), open.path)).status, 0);
    process.off("warning", onWarning);
    assert.deepEqual(warnings, []);
  });

  it("outlives a generator that throws after its caller has gone", async () => {
    const returned = deferred();
    server = await serveEcho(fleet, {
      async *count(_request, { signal }) {
        try {
          yield {};
          await once(signal, "abort");
          throw new Error("too late to matter");
        } finally {
          returned.resolve();
        }
      },
    });
    const session = rawSession(server.port, shows(caller));
    const stream = session.request({ ...grpcHeaders, ":path": count.path, ...headers });
    stream.on("error", () => {});
    stream.end(Buffer.alloc(5));
    await once(stream, "data");
    session.destroy();
    await returned.promise;
    await server.goodCall();
  });

  it("tells the handler when a client is gone without a word, in the middle of a write", async () => {
    const reason = deferred<unknown>();
    server = await serveEcho(fleet, {
      async *chat(_requests, { signal }) {
        signal.addEventListener("abort", () => reason.resolve(signal.reason));
        while (!signal.aborted) yield { reason: "x".repeat(100_000) };
      },
    });
    const session = rawSession(server.port, shows(caller));
    const stream = session.request({ ...grpcHeaders, ":path": chat.path, ...headers });
    stream.on("error", () => {});
    await once(stream, "data");
    session.destroy();
    assert.equal(((await reason.promise) as InterlockError).code, "CANCELLED");
    await server.goodCall();
  });

  it("row 29: what is too large is answered with 8, and not with 14, which clients try again", async () => {
    server = await serveEcho(fleet);
    const session = rawSession(server.port, shows(caller));
    assert.equal((await rawCall(session, echo.path, headers)).status, 0);
    const size = Buffer.alloc(5);
    size.writeUInt32BE(5 * 1024 * 1024, 1);
    assert.equal((await rawCall(session, echo.path, headers, Buffer.concat([size, Buffer.alloc(1_000)]))).status, 8);
    const bomb = await rawCall(session, echo.path, { ...headers, "grpc-encoding": "gzip" }, gzipBomb());
    assert.equal(bomb.status, 8);
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`x-${i}`, "v"]));
    const refused = await rawCall(session, echo.path, { ...headers, ...many });
    // Over grpc-js it is HTTP/2's own word for it, which gRPC maps to 8.
    assert.ok(refused.status === 8 || refused.error === "NGHTTP2_ENHANCE_YOUR_CALM");
    await server.goodCall();
    assert.deepEqual(server.handled, ["echo", "echo"]);
  });

  it("sends what it is too large to send as 8 too", async () => {
    server = await serveEcho(fleet, { open: () => ({ reason: "x".repeat(5 * 1024 * 1024) }) });
    assert.equal((await rawCall(rawSession(server.port, shows(caller)), open.path)).status, 8);
    const bot = await fleet.bot("caller/2");
    await assert.rejects(async () => bot.client(EchoService, (server as EchoServer).address).open({}), {
      code: "RESOURCE_EXHAUSTED",
    });
    await bot.close();
  });

  it("keeps the socket of a bot that floods until that has read why it is closed", async () => {
    server = await serveEcho(fleet, {}, { callerRate: { perSecond: 0.001, burst: 1 } });
    const socket = rawTls(server.port, { ...shows(caller), allowHalfOpen: true } as object);
    let error: Error | undefined;
    socket.on("error", (given) => {
      error = given;
    });
    const received: Buffer[] = [];
    socket.on("data", (chunk) => received.push(chunk));
    const ended = once(socket, "end");
    const fields = [":method", "POST", ":scheme", "https", ":path", open.path, "content-type", "application/grpc"];
    // A connection outlives 999 refusals.
    const calls = Array.from({ length: 1_100 }, (_, i) => wholeRequest(2 * i + 1, fields));
    socket.write(Buffer.concat([hello, ...calls]));
    await ended;
    // Its last bytes are a GOAWAY, which ends with the code of a flood.
    assert.equal(Buffer.concat(received).readUInt32BE(Buffer.concat(received).length - 4), 11);
    // Where the server has destroyed the socket, this resets it, and what the client has not read would be lost.
    for (let i = 0; i < 20 && !error; i++) {
      await new Promise((written) => socket.write(ping(), written));
      await new Promise(setImmediate);
    }
    assert.equal(error, undefined);
    socket.destroy();
    await server.goodCall();
  });

  it("keeps nothing of connections that are gone", async () => {
    server = await serveEcho(fleet);
    const identities = await Promise.all(
      Array.from({ length: 3 }, (_, i) => fleet.ca.issue(`spiffe://test/many/${i}`)),
    );
    async function round(): Promise<number> {
      for (const identity of identities) {
        const session = rawSession((server as EchoServer).port, shows(identity));
        await rawCall(session, open.path);
        session.destroy();
      }
      await (server as EchoServer).goodCall();
      return process.getActiveResourcesInfo().length;
    }
    const first = await round();
    let last = first;
    for (let i = 0; i < 5; i++) last = await round();
    assert.ok(last <= first + 5, `${first} resources became ${last}`);
  });

  it("leaves nothing open when it is closed: sockets, timers, watchers of its health", async () => {
    server = await serveEcho(fleet);
    const bot = await fleet.bot("watcher/1");
    const watching = rawSession(server.port, shows(caller));
    const watch = watching.request({ ...grpcHeaders, ":path": "/grpc.health.v1.Health/Watch" });
    watch.on("error", () => {});
    watch.end(Buffer.alloc(5));
    await once(watch, "data");
    const idle = rawSession(server.port, shows(caller));
    await once(idle, "connect");
    const silent = connect(server.port, "127.0.0.1");
    await once(silent, "connect");
    const gone = Promise.all([once(watching, "close"), once(idle, "close"), once(silent, "close")]);
    const start = performance.now();
    await server.bot.close(); // With the usual grace of 10 s.
    await gone;
    assert.ok(performance.now() - start < 2_000, "a watcher of the health has held the server up");
    await assert.rejects(once(connect(server.port, "127.0.0.1"), "connect"));
    await bot.close();
    await assert.rejects(async () => bot.serve({ port: 0 }, () => {}), { code: "FAILED_PRECONDITION" });
    assert.throws(() => bot.client(EchoService, "localhost:1"), { code: "FAILED_PRECONDITION" });
  });
});

const unwritable = {
  get reason(): string {
    throw new Error("it cannot be read");
  },
};

/** A framed message of a few kilobytes that unpacks to 8 MB. */
function gzipBomb(): Buffer {
  const packed = gzipSync(Buffer.alloc(8 * 1024 * 1024));
  const head = Buffer.alloc(5);
  head.writeUInt8(1, 0);
  head.writeUInt32BE(packed.length, 1);
  return Buffer.concat([head, packed]);
}
