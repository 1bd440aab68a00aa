import assert from "node:assert/strict";
import { once } from "node:events";
import type { ClientHttp2Session } from "node:http2";
import { Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import type { Policy } from "@interlock/policy";
import { decodeErrorInfo } from "../base/error-details.js";
import type { Reason } from "../base/reason.js";
import { EnrollmentService } from "../gen/interlock/authority/v1/enrollment_service_interlock.js";
import type { Identity } from "../identity/identity.js";
import { certificatesToPem } from "../identity/pem.js";
import { type EchoServer, serveEcho } from "../testing/echo-server.js";
import { plainCall, plainCredentials, plainOptions } from "../testing/plain-client.js";
import { rawCall, rawSession, shows } from "../testing/raw-client.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";

const { echo, reset } = EchoService.methods;
const audience = EchoService.name;

/** {@link EchoService} with one more policy on `echo`. */
function withPolicy(more: Partial<Policy>): typeof EchoService {
  return {
    ...EchoService,
    methods: { ...EchoService.methods, echo: { ...echo, policy: { ...echo.policy, ...more } } },
  };
}

const enrollment = { join: () => ({}), beginRecovery: () => ({}), recover: () => ({}) };

describe("authorization", () => {
  let clock: { ahead: number; now(): number };
  let fleet: TestFleet;
  let server: EchoServer;
  let caller: Identity;
  let session: ClientHttp2Session;
  let authorization: string;

  beforeEach(async () => {
    clock = { ahead: 0, now: () => Date.now() + clock.ahead };
    fleet = await createTestFleet(clock);
    server = await serveEcho(fleet);
    caller = await fleet.ca.issue("spiffe://test/caller/1");
    session = rawSession(server.port, shows(caller));
    authorization = `Bearer ${await fleet.token(caller, audience, ["echo:call"])}`;
  });
  afterEach(async () => {
    session.destroy();
    await server.bot.close(0);
  });

  const reasons = () => server.denials.map(({ reason }) => reason);

  it("row 25: a scope that the token lacks", async () => {
    assert.equal((await rawCall(session, echo.path, { authorization })).status, 0);
    const answer = await rawCall(session, reset.path, { authorization });
    assert.equal(answer.status, 7);
    assert.match(answer.message, /needs "echo:reset" and holds "echo:call"/);
    for (const scopes of [[], ["echo"], ["echo:*"], ["*"], ["Echo:reset"], ["echo:reset2"]]) {
      const near = `Bearer ${await fleet.token(caller, audience, scopes)}`;
      assert.equal((await rawCall(session, reset.path, { authorization: near })).status, 7, scopes.join());
    }
    await server.goodCall();
    assert.deepEqual(server.handled, ["echo", "echo"]);
    assert.deepEqual(new Set(reasons()), new Set(["SCOPE_MISSING"]));
  });

  it("row 25: a scope claim that is no text", async () => {
    for (const scope of [["echo:call"], { "echo:call": true }, 1]) {
      const odd = `Bearer ${await fleet.token(caller, audience, [], { scope })}`;
      assert.equal((await rawCall(session, echo.path, { authorization: odd })).status, 7);
    }
    assert.deepEqual(server.handled, []);
  });

  it("row 28: stale trust refuses what is risky, and nothing else", async () => {
    authorization = `Bearer ${await fleet.token(caller, audience, ["echo:call", "echo:reset"])}`;
    assert.equal((await rawCall(session, reset.path, { authorization })).status, 0);
    server.handled.length = 0;
    clock.ahead = 60_001;
    assert.equal((await rawCall(session, reset.path, { authorization })).status, 14);
    assert.equal((await rawCall(session, echo.path, { authorization })).status, 0);
    assert.deepEqual(server.handled, ["echo"]);
    assert.deepEqual(reasons(), ["TRUST_STALE"]);
    fleet.trust.touch();
    assert.equal((await rawCall(session, reset.path, { authorization })).status, 0);
  });

  it("row 34: past its sunset", async () => {
    const sunset = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
    const replacement = "test.v2.EchoService/Echo";
    const service = withPolicy({ deprecation: { since: "2026-01-01", sunset, replacement } });
    let handled = 0;
    const handlers = { count: none, chat: none, join: () => ({}), open: () => ({}), reset: () => ({}) };
    const { address } = await server.bot.serve({ port: 0 }, (routes) =>
      routes.add(service, {
        ...handlers,
        echo: (request) => {
          handled++;
          return request;
        },
      }),
    );
    const lasting = await fleet.ca.issue("spiffe://test/caller/1", { notAfter: Date.now() + 3 * 86_400_000 });
    const client = new Client(address, plainCredentials(fleet, lasting), plainOptions);
    const call = async () => {
      const bearer = `Bearer ${await fleet.token(lasting, audience, ["echo:call"])}`;
      return plainCall(client, echo.path, bearer).then(
        () => undefined,
        (error: ServiceError) => error,
      );
    };
    assert.equal(await call(), undefined);
    clock.ahead = Date.parse(sunset) - Date.now();
    const error = await call();
    assert.equal(error?.code, 12);
    const info = decodeErrorInfo(error.metadata);
    assert.equal(info?.reason, "METHOD_SUNSET" satisfies Reason);
    assert.deepEqual(info?.metadata, { sunset, replacement });
    assert.equal(handled, 1);
    assert.deepEqual(reasons(), ["METHOD_SUNSET"]);
    client.close();
  });

  it("callers: a bot that the method is not for", async () => {
    const service = withPolicy({ callers: ["leader/*"] });
    let handled = 0;
    const handlers = { count: none, chat: none, join: () => ({}), open: () => ({}), reset: () => ({}) };
    const { port } = await server.bot.serve({ port: 0 }, (routes) =>
      routes.add(service, {
        ...handlers,
        echo: (request) => {
          handled++;
          return request;
        },
      }),
    );
    for (const [name, status] of [
      ["leader/1", 0],
      ["caller/1", 7],
      ["leader", 7],
      ["leader/1/x", 7],
      ["leaderx/1", 7],
    ] as const) {
      const identity = await fleet.ca.issue(`spiffe://test/${name}`);
      const connection = rawSession(port, shows(identity));
      const bearer = `Bearer ${await fleet.token(identity, audience, ["echo:call"])}`;
      assert.equal((await rawCall(connection, echo.path, { authorization: bearer })).status, status, name);
      connection.destroy();
    }
    assert.equal(handled, 1);
    assert.deepEqual(new Set(reasons()), new Set(["CALLER_NOT_ALLOWED"]));
  });

  it("rate: a caller that calls too often", async () => {
    const service = withPolicy({ rate: { perSecond: 1, burst: 2 } });
    let handled = 0;
    const handlers = { count: none, chat: none, join: () => ({}), open: () => ({}), reset: () => ({}) };
    const fixed = Date.now();
    clock.now = () => fixed + clock.ahead;
    const { port } = await server.bot.serve({ port: 0 }, (routes) =>
      routes.add(service, {
        ...handlers,
        echo: (request) => {
          handled++;
          return request;
        },
      }),
    );
    const connection = rawSession(port, shows(caller));
    const statuses = [];
    for (let i = 0; i < 4; i++) statuses.push((await rawCall(connection, echo.path, { authorization })).status);
    clock.ahead = 1_000;
    statuses.push((await rawCall(connection, echo.path, { authorization })).status);
    assert.deepEqual(statuses, [0, 0, 8, 8, 0]);
    assert.equal(handled, 3);
    connection.destroy();
  });

  describe("row 35: what a server has of its own", () => {
    const health = "/grpc.health.v1.Health/Check";
    const reflection = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

    it("health is for any bot, and for nobody else", async () => {
      const client = new Client(server.address, plainCredentials(fleet, caller), plainOptions);
      // HealthCheckRequest{service}, HealthCheckResponse{status: SERVING}
      const name = Buffer.from(audience);
      assert.deepEqual(await plainCall(client, health), Buffer.from([8, 1]));
      assert.deepEqual(
        await plainCall(client, health, undefined, Buffer.from([10, name.length, ...name])),
        Buffer.from([8, 1]),
      );
      await assert.rejects(plainCall(client, health, undefined, Buffer.from([10, 1, 120])), { code: 5 });
      client.close();
      const stranger = credentials.createSsl(Buffer.from(certificatesToPem([fleet.ca.der])), null, null, {
        checkServerIdentity: () => undefined,
      });
      const without = new Client(server.address, stranger, plainOptions);
      await assert.rejects(plainCall(without, health), { code: 14 });
      without.close();
    });

    it("reflection needs its scope", async () => {
      const client = new Client(server.address, plainCredentials(fleet, caller), plainOptions);
      const list = () => Buffer.from([58, 0]); // ServerReflectionRequest{list_services: ""}
      const ask = async (service: string, scopes: string[], audienceOfToken = service) => {
        const metadata = new Metadata();
        const bearer = await fleet.token(caller, audienceOfToken, scopes);
        if (scopes.length > 0) metadata.set("authorization", `Bearer ${bearer}`);
        const bytes = (buffer: Buffer) => buffer;
        const stream = client.makeBidiStreamRequest(`/${service}/ServerReflectionInfo`, bytes, bytes, metadata);
        stream.end(list());
        const answers: Buffer[] = [];
        for await (const answer of stream) answers.push(answer as Buffer);
        return Buffer.concat(answers).toString("latin1");
      };
      for (const service of ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"]) {
        await ask(service, ["reflection:read"]);
        await assert.rejects(ask(service, []), { code: 16 });
        await assert.rejects(ask(service, ["echo:call"]), { code: 7 });
        await assert.rejects(ask(service, ["reflection:read"], audience), { code: 16 });
      }
      assert.deepEqual(new Set(reasons()), new Set(["TOKEN_MISSING", "SCOPE_MISSING", "TOKEN_AUDIENCE"]));
      assert.equal((await rawCall(session, reflection, { authorization })).status, 16);
      client.close();
    });

    it("reflection says so when a service cannot be described, and the server goes on", async () => {
      const garbled = { ...EnrollmentService, descriptors: Buffer.of(10, 1, 15).toString("base64") };
      const { address } = await server.bot.serve({ port: 0 }, (routes) => routes.add(garbled, enrollment));
      const client = new Client(address, plainCredentials(fleet, caller), plainOptions);
      const metadata = new Metadata();
      const bearer = await fleet.token(caller, "grpc.reflection.v1.ServerReflection", ["reflection:read"]);
      metadata.set("authorization", `Bearer ${bearer}`);
      for (let i = 0; i < 2; i++) {
        const stream = client.makeBidiStreamRequest(reflection, String as never, String, metadata);
        stream.resume();
        const [error] = await once(stream, "error");
        assert.deepEqual([error.code, /cannot be described/.test(error.details)], [13, true]);
      }
      assert.deepEqual(await plainCall(client, health), Buffer.from([8, 1]));
      client.close();
    });

    it("reflection describes what is served", async () => {
      const { address } = await server.bot.serve({ port: 0 }, (routes) => routes.add(EnrollmentService, enrollment));
      const client = new Client(address, plainCredentials(fleet, caller), plainOptions);
      const bytes = (buffer: Buffer) => buffer;
      const metadata = new Metadata();
      const bearer = await fleet.token(caller, "grpc.reflection.v1.ServerReflection", ["reflection:read"]);
      metadata.set("authorization", `Bearer ${bearer}`);
      const stream = client.makeBidiStreamRequest(reflection, bytes, bytes, metadata);
      const symbol = Buffer.from(EnrollmentService.name);
      stream.write(Buffer.from([58, 0]));
      stream.end(Buffer.from([34, symbol.length, ...symbol])); // file_containing_symbol
      const answers: string[] = [];
      for await (const answer of stream) answers.push((answer as Buffer).toString("latin1"));
      assert.equal(answers.length, 2);
      assert.ok(answers.every((answer) => answer.includes(EnrollmentService.name)));
      assert.ok(answers[1]?.includes("JoinRequest"));
      client.close();
    });
  });
});

async function* none() {}
