import assert from "node:assert/strict";
import { once } from "node:events";
import type { ClientHttp2Session } from "node:http2";
import type { AnyMethod } from "@interlock/policy";
import { createChain } from "../admission/chain.js";
import { createPeerLoads } from "../admission/peer-load.js";
import { systemClock } from "../base/clock.js";
import { silentLog } from "../base/log.js";
import { createObservable } from "../base/observable.js";
import type { Identity } from "../identity/identity.js";
import { createListener } from "../listener/listener.js";
import { type EchoServer, serveEcho } from "../testing/echo-server.js";
import { rawCall, rawSession, shows } from "../testing/raw-client.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";
import { createCallServer } from "./call-server.js";
import type { RunHandler } from "./served-call.js";
import { createUnpacker } from "./unpacker.js";

const { echo, count, open } = EchoService.methods;
const id = (name: string) => `spiffe://test/${name}`;
const grpc = { ":method": "POST", "content-type": "application/grpc", te: "trailers" };
const service = { ...EchoService, via: ["gateway/*"] };

// Rows 27 and 29: a gateway's callers have their own limits at a bot, and the gateway's connections live.
describe("callers behind a gateway", () => {
  let fleet: TestFleet;
  let server: EchoServer;
  let gateway: Identity;
  let sessions: ClientHttp2Session[];

  async function start(options: Parameters<typeof serveEcho>[2]) {
    fleet = await createTestFleet();
    server = await serveEcho(fleet, {}, options, service);
    gateway = await fleet.ca.issue(id("gateway/1"));
    sessions = [];
  }
  afterEach(async () => {
    for (const session of sessions) session.destroy();
    await server.bot.close(0);
  });

  function connect(): ClientHttp2Session {
    const session = rawSession(server.port, shows(gateway));
    sessions.push(session);
    return session;
  }
  const delegated = async (name: string, claims: object = {}) =>
    `Bearer ${await fleet.token(gateway, EchoService.name, ["echo:call"], {
      sub: id(name),
      act: { sub: gateway.spiffeId.uri },
      ...claims,
    })}`;
  const call = async (session: ClientHttp2Session, authorization: string, path: string = echo.path) =>
    (await rawCall(session, path, { authorization })).status;

  /** Opens a stream; resolves once it has an answer, or a status. */
  async function begin(session: ClientHttp2Session, authorization: string) {
    const stream = session.request({ ...grpc, ":path": count.path, authorization }).on("error", () => {});
    stream.end(Buffer.alloc(5));
    const [headers] = (await once(stream, "response")) as [Record<string, unknown>];
    stream.resume();
    const status = headers["grpc-status"] === undefined ? undefined : Number(headers["grpc-status"]);
    return { stream, status };
  }

  it("have each their own rate: one that floods is refused with 8, and the others never", async () => {
    await start({ callerRate: { perSecond: 0.001, burst: 50 } });
    const [bad, good] = [connect(), connect()];
    const [flooding, quiet] = [await delegated("flood/1"), await delegated("quiet/1")];
    assert.deepEqual([await call(bad, flooding), await call(good, quiet)], [0, 0]);
    const answers: (number | undefined)[] = [];
    for (let i = 0; i < 20; i++) {
      const some = await Promise.all(Array.from({ length: 100 }, () => call(bad, flooding)));
      answers.push(...some);
      assert.equal(await call(good, quiet), 0, "another through the same gateway");
    }
    assert.equal(answers.filter((status) => status === 0).length, 50);
    assert.equal(answers.filter((status) => status === 8).length, 1_950);
    assert.ok(!bad.destroyed && !good.destroyed, "the gateway's connections live");
    assert.equal((await rawCall(good, open.path)).status, 0, "the gateway's own");
  });

  it("have each their own calls open, forgotten as they end", async () => {
    await start({ callsPerPeer: 4 });
    const session = connect();
    const [many, few] = [await delegated("many/1"), await delegated("few/1")];
    for (const token of [many, few]) assert.equal(await call(session, token), 0);
    const streams = [];
    for (let i = 0; i < 4; i++) streams.push(await begin(session, many));
    assert.deepEqual(new Set(streams.map(({ status }) => status)), new Set([undefined]));
    server.denials.length = 0;
    // Beyond its calls, and beyond what costs a bot its connection for calls of its own.
    for (let i = 0; i < 15; i++) {
      const some = await Promise.all(Array.from({ length: 100 }, () => call(session, many)));
      assert.deepEqual(new Set(some), new Set([8]));
    }
    assert.equal(await call(session, few), 0);
    assert.ok(!session.destroyed);
    assert.equal(server.denials[0]?.reason, "CALL_LIMIT");
    // The subject's own connection, and another gateway's, have the same share.
    const other = await fleet.ca.issue(id("gateway/2"));
    const second = rawSession(server.port, shows(other));
    sessions.push(second);
    const token = `Bearer ${await fleet.token(other, EchoService.name, ["echo:call"], {
      sub: id("many/1"),
      act: { sub: other.spiffeId.uri },
    })}`;
    assert.equal(await call(second, token), 8, "the token is verified, and then counts for the same");
    streams[0]?.stream.close();
    await once(streams[0]?.stream as never, "close");
    await call(session, few); // The server has read the reset by now.
    assert.equal(await call(second, token), 0);
    assert.equal(await call(session, many, open.path), 0);
  });

  it("do not use up the gateway's calls with the first calls of tokens that are new", async () => {
    await start({ callsPerPeer: 4 });
    const session = connect();
    for (const name of ["a/1", "b/1", "c/1"]) {
      const token = await delegated(name);
      const streams = await Promise.all(Array.from({ length: 4 }, () => begin(session, token)));
      assert.deepEqual(
        streams.map(({ status }) => status),
        [undefined, undefined, undefined, undefined],
        name,
      );
      assert.equal((await begin(session, token)).status, 8, `${name} has its four`);
    }
    assert.equal(await call(session, await delegated("d/1")), 0);
  });

  it("leave nothing behind when their calls have ended, however they end", async () => {
    await start({});
    const loads = createPeerLoads();
    const { trust, recorder } = fleet;
    const serving = createObservable(await fleet.ca.issue(id("echo/2")));
    const method = (of: AnyMethod, run: RunHandler) => ({
      service,
      method: of,
      maximumRequestBytes: 4_096,
      durations: recorder.served.of(of.path),
      packs: false,
      checksConditions: false,
      run,
    });
    const parts = { trust, recorder, clock: systemClock, log: silentLog };
    const calls = createCallServer({
      ...parts,
      loads,
      callsPerPeer: 2,
      chain: createChain(trust),
      methods: new Map([
        [echo.path, method(echo, (served) => served.succeed())],
        [count.path, method(count, () => {})],
      ]),
      unpack: createUnpacker(),
      draining: new AbortController().signal,
      certificate: () => serving.current().leaf,
      vouch: () => [],
    });
    const listener = await createListener({ ...parts, identity: serving, port: 0 }, { onPeer: calls.accept });
    const session = rawSession(listener.port, shows(gateway));
    sessions.push(session);
    const tokens = await Promise.all(["a/1", "b/1", "c/1"].map((name) => delegated(name)));
    const [first = ""] = tokens;
    for (const token of [...tokens, ...tokens]) assert.equal(await call(session, token), 0);
    assert.equal(loads.size, 1, "the gateway's own");
    const streams = await Promise.all([0, 1].map(() => begin(session, first)));
    assert.equal(loads.size, 2);
    assert.equal(await call(session, first), 8, "over the limit");
    for (const { stream } of streams) {
      stream.close();
      await once(stream, "close");
    }
    assert.equal(await call(session, first), 0, "the server has read the resets by now");
    assert.deepEqual([loads.size, loads.join(gateway.spiffeId.uri).calls], [1, 0]);
    calls.close();
    await listener.close();
  });

  it("have each their own bytes of requests under way", async () => {
    await start({ requestBytesPerPeer: 200_000 });
    const session = connect();
    const [large, small] = [await delegated("large/1"), await delegated("small/1")];
    for (const token of [large, small]) assert.equal(await call(session, token), 0);
    const body = Buffer.alloc(150_005);
    body.writeUInt32BE(150_001, 1);
    const send = (authorization: string) => {
      const stream = session.request({ ...grpc, ":path": echo.path, authorization }).on("error", () => {});
      const ended = once(stream, "response").then(([headers]) => Number((headers as never)["grpc-status"]));
      stream.resume();
      return { ended, written: new Promise<void>((resolve) => stream.write(body, () => resolve())) };
    };
    await send(large).written;
    await call(session, small); // The server has seen the body by now.
    assert.equal(await send(large).ended, 8);
    assert.equal(server.denials.at(-1)?.reason, "REQUEST_BYTES_LIMIT");
    await send(small).written;
    assert.equal(await call(session, small), 0);
  });

  it("are not held to the gateway's number of connections, and other bots are to theirs", async () => {
    await start({ connectionsPerPeer: 2 });
    for (let i = 0; i < 6; i++) assert.equal(await call(connect(), await delegated(`caller/${i}`)), 0);
    const caller = await fleet.ca.issue(id("caller/1"));
    sessions.push(...[0, 1, 2].map(() => rawSession(server.port, shows(caller))));
    await server.denied(1);
    assert.deepEqual(
      server.denials.map(({ reason, caller: name }) => [reason, name]),
      [["CONNECTION_LIMIT", id("caller/1")]],
    );
  });
});
