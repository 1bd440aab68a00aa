import assert from "node:assert/strict";
import { once } from "node:events";
import { constants } from "node:http2";
import type { TLSSocket } from "node:tls";
import { Client, credentials } from "@grpc/grpc-js";
import { systemClock } from "../base/clock.js";
import { denial } from "../base/error.js";
import { silentLog } from "../base/log.js";
import { createObservable } from "../base/observable.js";
import type { Denial } from "../base/recorder.js";
import { BeginRecoveryResponse, JoinRequest, JoinResponse } from "../gen/interlock/authority/v1/enrollment_service.js";
import { EnrollmentService } from "../gen/interlock/authority/v1/enrollment_service_interlock.js";
import { certificatesToPem } from "../identity/pem.js";
import { type Deferred, deferred } from "../testing/deferred.js";
import { plainCall, plainOptions } from "../testing/plain-client.js";
import { rawCall, rawSession, rawTls, shows } from "../testing/raw-client.js";
import { createTestCa } from "../testing/test-ca.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";
import { createServer } from "./create-server.js";
import type { BotServer, RecoveringPeer } from "./options.js";

const { path } = EchoService.methods.open;
const join = EnrollmentService.methods.join.path;
const hour = 3_600_000;

describe("a server where strangers may enroll", () => {
  let fleet: TestFleet;
  let server: BotServer;
  let opened: number;
  let joined: JoinRequest[];
  let denials: Denial[];
  let challenges: (Uint8Array | undefined)[];
  let slow: Deferred<void>;

  beforeEach(async () => {
    fleet = await createTestFleet();
    opened = 0;
    joined = [];
    challenges = [];
    slow = deferred();
    denials = [];
    fleet.recorder.onDenial((denied) => denials.push(denied));
    const identity = createObservable(await fleet.ca.issue("spiffe://test/interlock/authority"));
    const { trust, recorder } = fleet;
    const enrollment = {
      async join(request: JoinRequest) {
        joined.push(request);
        if (request.joinToken === "slow") await slow.promise;
        if (request.joinToken !== "good") throw denial("JOIN_TOKEN_INVALID");
        return { certificate: { chain: [] } };
      },
      async recover(_request: unknown, { challenge }: RecoveringPeer) {
        challenges.push(challenge);
        throw denial("KEY_NOT_PROVED");
      },
    };
    const options = { identity, trust, recorder, clock: systemClock, log: silentLog, port: 0, enrollment };
    server = await createServer(options, (routes) =>
      routes.add(EchoService, {
        echo: (request) => request,
        count: none,
        chat: none,
        join: () => ({}),
        open() {
          opened++;
          return {};
        },
        reset: () => ({}),
      }),
    );
  });
  afterEach(() => server.close(0));

  async function goodCall(): Promise<void> {
    const session = rawSession(server.port, shows(await fleet.ca.issue("spiffe://test/good/1")));
    assert.equal((await rawCall(session, path)).status, 0);
    session.destroy();
  }

  it("a stranger can join, and nothing else", async () => {
    const secure = credentials.createSsl(Buffer.from(certificatesToPem([fleet.ca.der])), null, null, {
      checkServerIdentity: () => undefined,
    });
    const client = new Client(server.address, secure, plainOptions);
    const request = (joinToken: string) =>
      Buffer.from(JoinRequest.encode(JoinRequest.fromPartial({ joinToken })).finish());
    assert.ok(JoinResponse.decode(await plainCall(client, join, undefined, request("good"))).certificate);
    await assert.rejects(plainCall(client, join, undefined, request("bad")), { code: 16 });
    for (const other of [
      path,
      EchoService.methods.echo.path,
      "/grpc.health.v1.Health/Check",
      "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
      "/interlock.authority.v1.AuthorityService/IssueToken",
      `${join}/`,
    ]) {
      await assert.rejects(plainCall(client, other), { code: 12 }, other);
    }
    await assert.rejects(plainCall(client, join, undefined, Buffer.alloc(100_000)), { code: 8 });
    client.close();
    await goodCall();
    assert.equal(opened, 1);
    assert.equal(joined.length, 2);
  });

  it("a stranger gets one challenge for a connection, and can use it once", async () => {
    const { beginRecovery, recover } = EnrollmentService.methods;
    const secure = credentials.createSsl(Buffer.from(certificatesToPem([fleet.ca.der])), null, null, {
      checkServerIdentity: () => undefined,
    });
    const visit = async () => {
      const client = new Client(server.address, secure, plainOptions);
      await assert.rejects(plainCall(client, recover.path), { code: 16 });
      const { challenge } = BeginRecoveryResponse.decode(await plainCall(client, beginRecovery.path));
      await assert.rejects(plainCall(client, beginRecovery.path), { code: 8 });
      await assert.rejects(plainCall(client, recover.path), { code: 16 });
      await assert.rejects(plainCall(client, recover.path), { code: 16 });
      client.close();
      return challenge;
    };
    const [first, second] = [await visit(), await visit()];
    assert.equal(first.length, 32);
    assert.notDeepEqual(first, second);
    const none = undefined;
    assert.deepEqual(
      challenges.map((bytes) => bytes && Buffer.from(bytes).toString("hex")),
      [none, Buffer.from(first).toString("hex"), none, none, Buffer.from(second).toString("hex"), none],
    );
  });

  it("who shows a certificate that is not good is no stranger, but refused", async () => {
    const other = await createTestCa();
    const me = "spiffe://test/caller/1";
    const past = { notBefore: Date.now() - 2 * hour, notAfter: Date.now() - hour };
    const rows = [
      ["CERTIFICATE_UNTRUSTED", await other.issue(me)],
      ["CERTIFICATE_EXPIRED", await fleet.ca.issue(me, past)],
      ["CERTIFICATE_IS_CA", await fleet.ca.issue(me, { ca: true })],
      ["CERTIFICATE_WRONG_USAGE", await fleet.ca.issue(me, { usages: ["1.3.6.1.5.5.7.3.1"] })],
      ["TRUST_DOMAIN_MISMATCH", await fleet.ca.issue("spiffe://other/caller/1")],
    ] as const;
    for (const [, identity] of rows) {
      for (const call of [path, join]) {
        assert.equal((await rawCall(rawSession(server.port, shows(identity)), call)).status, undefined);
      }
    }
    await goodCall();
    assert.equal(opened, 1);
    assert.deepEqual(joined, []);
    assert.deepEqual(
      denials.map(({ reason }) => reason),
      rows.flatMap(([reason]) => [reason, reason]),
    );
  });

  it("a stranger's connection ends with more requests, or more in their headers, than joining takes", async () => {
    const long = { "x-long": "a".repeat(10_000) };
    for (const [headers, taken] of [
      [{}, 16],
      [long, 3],
      [{ "x-long": "a".repeat(20_000) }, 0],
    ] as const) {
      const session = rawSession(server.port);
      await once(session, "remoteSettings");
      for (let i = 0; i < taken; i++) assert.equal((await rawCall(session, "/other.Service/Call", headers)).status, 12);
      const { status, error } = await rawCall(session, join, headers);
      assert.equal(status, undefined);
      // A header list of more than 16 KiB is reset before it is a request.
      if (taken === 0) assert.equal(error, "NGHTTP2_ENHANCE_YOUR_CALM");
      else if (!session.destroyed) await once(session, "close");
      session.destroy();
    }
    assert.deepEqual(
      denials.map(({ reason }) => reason),
      ["RATE_LIMITED", "RATE_LIMITED"],
    );
    assert.equal(joined.length, 0);
    await goodCall();
  });

  it("a stranger is answered as gRPC says", async () => {
    const one = Buffer.alloc(5);
    const rows: readonly [headers: object, body: Buffer, status: number | undefined, http?: number][] = [
      [{ ":method": "GET" }, Buffer.alloc(0), undefined, 405],
      [{ "content-type": "text/plain" }, one, undefined, 415],
      [{ "grpc-encoding": "gzip" }, one, 12],
      [{}, Buffer.from([1, 0, 0, 0, 0]), 13],
      [{}, Buffer.from([0, 0, 0, 0, 9, 1]), 13],
      [{}, Buffer.alloc(10), 13],
      [{}, Buffer.alloc(0), 13],
      [{}, Buffer.from([0, 0, 0, 0, 1, 0xff]), 13],
      [{}, one, 16],
    ];
    const session = rawSession(server.port);
    for (const [headers, body, status, http = 200] of rows) {
      const answer = await rawCall(session, join, headers as never, body);
      assert.equal(answer.status, status, JSON.stringify(headers));
      assert.equal(answer.http, http, JSON.stringify(headers));
    }
    assert.equal(joined.length, 1);
    session.destroy();
  });

  it("strangers that reset their requests, or leave in the middle, harm nobody", async () => {
    for (let i = 0; i < 30; i++) {
      const session = rawSession(server.port);
      const stream = session.request({ ":method": "POST", ":path": join, "content-type": "application/grpc" });
      stream.on("error", () => {}).resume();
      stream.write(Buffer.alloc(i % 3 === 0 ? 5 : 3));
      if (i % 3 === 0) stream.end();
      await once(session, "remoteSettings");
      if (i % 2 === 0) stream.close(constants.NGHTTP2_CANCEL);
      else session.destroy();
      const honest = rawSession(server.port);
      assert.equal((await rawCall(honest, join)).status, 16);
      honest.destroy();
      session.destroy();
    }
    await goodCall();
  });

  it("a stranger that resets its request while it is answered harms nobody", async () => {
    const message = JoinRequest.encode(JoinRequest.fromPartial({ joinToken: "slow" })).finish();
    const session = rawSession(server.port);
    const stream = session.request({ ":method": "POST", ":path": join, "content-type": "application/grpc" });
    stream.on("error", () => {}).resume();
    stream.end(Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]));
    while (joined.length === 0) await new Promise((resolve) => setImmediate(resolve));
    stream.close(constants.NGHTTP2_CANCEL);
    await new Promise<void>((resolve) => session.ping(() => resolve()));
    slow.resolve();
    assert.equal((await rawCall(session, join)).status, 16);
    session.destroy();
    await goodCall();
  });

  it("a stranger that resets one request after the other loses its connection", async () => {
    const session = rawSession(server.port);
    await once(session, "remoteSettings");
    const refused = new Promise<Denial>((resolve) => fleet.recorder.onDenial(resolve));
    for (let i = 0; i < 20 && !session.destroyed && !session.closed; i++) {
      const stream = session.request({ ":method": "POST", ":path": join, "content-type": "application/grpc" });
      stream.on("error", () => {}).resume();
      stream.write(Buffer.alloc(1)); // Without content, Node may send nothing of it.
      await new Promise((resolve) => setImmediate(resolve));
      stream.close(constants.NGHTTP2_CANCEL);
    }
    assert.equal((await refused).reason, "RATE_LIMITED");
    session.destroy();
    await goodCall();
  });

  it("many that come at once are all served, bots and strangers", async () => {
    const good = shows(await fleet.ca.issue("spiffe://test/good/1"));
    const sessions = Array.from({ length: 60 }, (_, i) => rawSession(server.port, i % 2 ? good : {}));
    const answers = await Promise.all(sessions.map((session, i) => rawCall(session, i % 2 ? path : join)));
    assert.deepEqual(
      answers.map(({ status }) => status),
      sessions.map((_, i) => (i % 2 ? 0 : 16)),
    );
    for (const session of sessions) session.destroy();
  });

  it("strangers cannot take the places of bots, nor of a newer stranger: the oldest goes", async () => {
    const strangers: TLSSocket[] = [];
    for (let i = 0; i < 64; i++) {
      const socket = rawTls(server.port).on("error", () => {});
      strangers.push(socket);
      await once(socket, "secureConnect");
    }
    // The server has let a client in a moment after the client believes so.
    const first = new Promise((resolve) => strangers[0]?.once("close", resolve));
    strangers[0]?.resume();
    const late = rawSession(server.port);
    assert.equal((await rawCall(late, join)).status, 16);
    await first;
    assert.deepEqual(
      denials.map(({ reason }) => reason),
      ["CONNECTION_LIMIT"],
    );
    await goodCall();
    for (const socket of strangers) socket.destroy();
    late.destroy();
  });

  it("a stranger that asks for nothing goes", async () => {
    const socket = rawTls(server.port).on("error", () => {});
    socket.resume();
    await once(socket, "secureConnect");
    await new Promise((resolve) => socket.once("close", resolve));
    await goodCall();
  });
});

async function* none() {}
