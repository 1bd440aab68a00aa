import assert from "node:assert/strict";
import { once } from "node:events";
import type { ClientHttp2Session, ClientHttp2Stream, OutgoingHttpHeaders } from "node:http2";
import type { CallContext } from "../context.js";
import type { Identity } from "../identity/identity.js";
import { type EchoServer, serveEcho } from "../testing/echo-server.js";
import { rawCall, rawSession, shows } from "../testing/raw-client.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";

const health = "/grpc.health.v1.Health/Check";
const { echo, join, open } = EchoService.methods;
const grpc = { ":method": "POST", "content-type": "application/grpc", te: "trailers" };

describe("calls as they arrive", () => {
  let fleet: TestFleet;
  let server: EchoServer;
  let caller: Identity;
  let authorization: string;
  let sessions: ClientHttp2Session[];
  const clock = { ahead: 0, now: () => Date.now() + clock.ahead };

  async function start(...[overrides, options]: [Parameters<typeof serveEcho>[1]?, Parameters<typeof serveEcho>[2]?]) {
    clock.ahead = 0;
    fleet = await createTestFleet(clock);
    server = await serveEcho(fleet, overrides, options);
    caller = await fleet.ca.issue("spiffe://test/caller/1");
    authorization = `Bearer ${await fleet.token(caller, EchoService.name, ["echo:call"])}`;
    sessions = [];
    return connect();
  }
  afterEach(async () => {
    for (const session of sessions) session.destroy();
    await server.bot.close(0);
  });

  function connect(identity = caller): ClientHttp2Session {
    const session = rawSession(server.port, shows(identity));
    sessions.push(session);
    return session;
  }

  /** Begins a call, and gives its status when it ends. */
  function begin(session: ClientHttp2Session, path: string, more: OutgoingHttpHeaders = {}) {
    const stream = session.request({ ...grpc, ":path": path, authorization, ...more });
    let status: number | undefined;
    const read = (headers: Record<string, unknown>) => {
      if (headers["grpc-status"] !== undefined) status = Number(headers["grpc-status"]);
    };
    stream
      .on("response", read)
      .on("trailers", read)
      .on("error", () => {})
      .resume();
    return { stream, ended: once(stream, "close").then(() => status) };
  }

  function head(length: number): Buffer {
    const bytes = Buffer.alloc(5);
    bytes.writeUInt32BE(length, 1);
    return bytes;
  }

  const reasons = () => server.denials.map(({ reason }) => reason);
  const written = (stream: ClientHttp2Stream, bytes: Buffer) =>
    new Promise<void>((resolve) => stream.write(bytes, () => resolve()));

  it("takes a health check of four kilobytes, and none that is larger", async () => {
    const session = await start();
    const good = await rawCall(session, health, {}, Buffer.concat([head(0), Buffer.alloc(0)]));
    assert.equal(good.status, 0);
    const { stream, ended } = begin(session, health);
    stream.write(Buffer.concat([head(4_097), Buffer.alloc(4_097)]));
    assert.equal(await ended, 8);
    assert.deepEqual(reasons(), ["REQUEST_TOO_LARGE"]);
    await server.goodCall();
  });

  it("runs no handler for a message that is too large, though all of it has arrived", async () => {
    const session = await start({}, {});
    const body = Buffer.concat([head(65_537), Buffer.alloc(65_537)]);
    assert.equal((await rawCall(session, open.path, {}, body)).status, 8);
    const short = Buffer.concat([head(5_000), Buffer.alloc(5_000)]);
    assert.equal((await rawCall(session, health, {}, short)).status, 8);
    assert.deepEqual(server.handled, []);
    assert.deepEqual(reasons(), ["REQUEST_TOO_LARGE", "REQUEST_TOO_LARGE"]);
    await server.goodCall();
  });

  it("knows where messages begin, whatever comes together with the headers", async () => {
    await start();
    const sessions = [connect(), connect()];
    const text = Buffer.alloc(40_000, "x");
    const message = Buffer.concat([head(40_004), Buffer.of(0x0a, 0xc0, 0xb8, 0x02), text]);
    const calls = Array.from({ length: 60 }, (_, i) =>
      rawCall(sessions[i % 2] as ClientHttp2Session, echo.path, { authorization }, message),
    );
    assert.deepEqual(new Set((await Promise.all(calls)).map(({ status }) => status)), new Set([0]));
    assert.deepEqual(reasons(), []);
  });

  it("bounds the requests of one bot over all of its connections, and not those of others", async () => {
    const session = await start({}, { requestBytesPerPeer: 200_000 });
    const body = Buffer.concat([head(150_000), Buffer.alloc(149_999)]);
    const first = begin(session, echo.path);
    await written(first.stream, body);
    await rawCall(session, open.path); // The server has seen the body by now.
    const second = begin(connect(), echo.path);
    second.stream.write(body);
    assert.equal(await second.ended, 8);
    assert.deepEqual(reasons(), ["REQUEST_BYTES_LIMIT"]);
    await server.goodCall();
    first.stream.end(Buffer.alloc(1));
    assert.equal(await first.ended, 0, "what was under way goes on");
    const third = await rawCall(connect(), echo.path, { authorization }, Buffer.concat([body, Buffer.alloc(1)]));
    assert.equal(third.status, 0, "what has been handled makes room");
  });

  it("lets any number of messages through that are taken as they come", async () => {
    const session = await start({}, { requestBytesPerPeer: 600_000 });
    const { stream, ended } = begin(session, join.path);
    const message = Buffer.concat([head(3_000), Buffer.alloc(3_000)]);
    message.writeUInt8(0x0a, 5); // A field of the rest of the message.
    message.writeUInt16BE(0xb517, 6);
    for (let i = 0; i < 1_000; i++) await written(stream, message);
    stream.end();
    assert.equal(await ended, 0);
  });

  it("bounds the calls that one bot has open", async () => {
    const session = await start({}, { callsPerPeer: 3 });
    const waiting = [1, 2].map(() => begin(session, echo.path));
    const third = begin(connect(), echo.path);
    await rawCall(session, "/a.B/C");
    await rawCall(sessions[1] as ClientHttp2Session, "/a.B/C");
    assert.equal((await rawCall(session, open.path)).status, 8);
    assert.deepEqual(reasons(), ["CALL_LIMIT"]);
    await server.goodCall();
    for (const { stream } of [...waiting, third]) stream.end(Buffer.alloc(5));
    assert.deepEqual(await Promise.all([...waiting, third].map(({ ended }) => ended)), [0, 0, 0]);
    assert.equal((await rawCall(session, open.path)).status, 0);
  });

  it("ends a request that does not arrive within thirty seconds, and no stream that is silent between messages", async () => {
    const session = await start();
    const [unary, unfinished, silent] = [
      begin(session, echo.path),
      begin(session, join.path),
      begin(session, join.path),
    ];
    unfinished.stream.write(head(10));
    silent.stream.write(Buffer.alloc(5));
    await rawCall(session, open.path);
    clock.ahead = 31_000;
    assert.deepEqual(await Promise.all([unary.ended, unfinished.ended]), [8, 8]);
    assert.deepEqual(reasons(), ["REQUEST_TOO_SLOW", "REQUEST_TOO_SLOW"]);
    silent.stream.end();
    assert.equal(await silent.ended, 0);
  });

  it("counts unknown paths and other types of content at the rate of calls, and answers them as grpc-js does", async () => {
    const session = await start({}, { callerRate: { perSecond: 0.001, burst: 3 } });
    assert.equal((await rawCall(session, "/a.B/C")).status, 12);
    const other = session.request({ ...grpc, ":path": echo.path, "content-type": "text/plain" });
    const [headers] = (await once(other, "response")) as [Record<string, unknown>];
    assert.equal(headers[":status"], 415);
    other.resume();
    assert.equal((await rawCall(session, "/a.B/C")).status, 12);
    assert.equal((await rawCall(session, "/a.B/C")).status, 8);
    assert.equal((await rawCall(session, echo.path, { "content-type": "text/plain" })).status, 8);
    assert.equal((await rawCall(session, open.path)).status, 8);
    await server.goodCall();
  });

  it("takes a deadline beyond 24 days for none, and refuses a malformed one", async () => {
    let context: CallContext | undefined;
    const session = await start({
      open(_request, given) {
        context = given;
        return {};
      },
    });
    for (const timeout of ["1000H", "600H", "99999999S"]) {
      assert.equal((await rawCall(session, open.path, { "grpc-timeout": timeout })).status, 0, timeout);
    }
    assert.equal(context?.deadline, undefined);
    assert.equal((await rawCall(session, open.path, { "grpc-timeout": "596H" })).status, 0);
    assert.equal((await rawCall(session, open.path, { "grpc-timeout": "x99999999Hx" })).status, 13);
  });
});
