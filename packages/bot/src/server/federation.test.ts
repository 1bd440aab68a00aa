import assert from "node:assert/strict";
import { once } from "node:events";
import type { Policy } from "@interlock/policy";
import { systemClock } from "../base/clock.js";
import { silentLog } from "../base/log.js";
import { createObservable } from "../base/observable.js";
import { Health } from "../gen/grpc/health/v1/health_interlock.js";
import type { Identity } from "../identity/identity.js";
import { type EchoServer, serveEcho } from "../testing/echo-server.js";
import { rawCall, rawSession, shows } from "../testing/raw-client.js";
import { createTestCa, type TestCa } from "../testing/test-ca.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";
import type { FederatedDomain } from "../trust/federated-domain.js";
import { createServer } from "./create-server.js";

const named = "spiffe://partner/orders/*";

/** The service for tests, whose methods name bots of the partner besides those of the own trust domain. */
function serviceFor(callers: readonly string[]): typeof EchoService {
  const methods = Object.entries(EchoService.methods).map(([key, method]) => {
    const policy: Policy = { ...method.policy, ...(!method.policy.anyBot && { callers }) };
    return [key, { ...method, policy }];
  });
  return { ...EchoService, methods: Object.fromEntries(methods) };
}

describe("federation at a server", () => {
  let fleet: TestFleet;
  let partner: TestCa;
  let server: EchoServer;
  let domain: FederatedDomain;

  beforeEach(async () => {
    fleet = await createTestFleet();
    partner = await createTestCa("partner");
    domain = {
      trustDomain: "partner",
      caCertificates: [partner.der],
      services: [EchoService.name],
      identities: [named],
      since: Date.now() - 60_000,
    };
    federate([domain]);
    server = await serveEcho(fleet, {}, {}, serviceFor(["**", named]));
  });
  afterEach(() => server.bot.close(0));

  function federate(federated: readonly FederatedDomain[]): void {
    const { state } = fleet.trust;
    fleet.trust.replace({ ...state, version: state.version + 1n, federated });
  }

  const tokenOf = (identity: Identity, claims = {}, audience: string = EchoService.name) =>
    fleet.token(identity, audience, ["echo:call"], claims);

  /** Makes one call; gives what came of it, or `closed`. */
  async function call(
    identity: Identity,
    token?: string,
    path: string = EchoService.methods.echo.path,
  ): Promise<string> {
    const session = rawSession(server.port, shows(identity));
    session.on("error", () => {});
    try {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const { status } = await rawCall(session, path, headers);
      if (status === undefined) return "closed";
      return status === 0 ? "ok" : `${status} ${server.denials.at(-1)?.reason}`;
    } finally {
      session.destroy();
    }
  }

  it("lets in a bot of a federated domain that everything names, under its whole SPIFFE ID, and the own bots as ever", async () => {
    const orders = await partner.issue("spiffe://partner/orders/1");
    assert.equal(await call(orders, await tokenOf(orders)), "ok");
    await server.goodCall();
    assert.deepEqual(server.handled, ["echo", "echo"]);
    assert.deepEqual(server.denials, []);
    const counted = fleet.recorder.take().map(({ caller }) => caller);
    assert.deepEqual(counted.sort(), ["spiffe://partner/orders/1", "spiffe://test/good/1"]);
  });

  it("believes each CA for its own trust domain alone", async () => {
    const [home, foreign] = [
      await partner.issue("spiffe://test/good/1"),
      await fleet.ca.issue("spiffe://partner/orders/1"),
    ];
    for (const forged of [home, foreign]) assert.equal(await call(forged, await tokenOf(forged)), "closed");
    await server.denied(2);
    assert.deepEqual(
      server.denials.map(({ reason }) => reason),
      ["CERTIFICATE_UNTRUSTED", "CERTIFICATE_UNTRUSTED"],
    );
    await server.goodCall();
    assert.deepEqual(server.handled, ["echo"]);
  });

  it("keeps to that where a CA is believed for both domains", async () => {
    federate([{ ...domain, caCertificates: [partner.der, fleet.ca.der] }]);
    const forged = await partner.issue("spiffe://test/good/1");
    assert.equal(await call(forged, await tokenOf(forged)), "closed");
    const orders = await fleet.ca.issue("spiffe://partner/orders/1");
    assert.equal(await call(orders, await tokenOf(orders)), "ok");
    const third = await fleet.ca.issue("spiffe://third/orders/1");
    assert.equal(await call(third, await tokenOf(third)), "closed");
    await server.goodCall();
  });

  it("closes to identities that no pattern names, and to domains that are not federated", async () => {
    for (const uri of ["spiffe://partner/billing/1", "spiffe://partner/orders/1/a", "spiffe://third/orders/1"]) {
      const stranger = await partner.issue(uri);
      assert.equal(await call(stranger, await tokenOf(stranger)), "closed", uri);
    }
    await server.denied(3);
    assert.deepEqual([...new Set(server.denials.map(({ reason }) => reason))], ["TRUST_DOMAIN_MISMATCH"]);
  });

  it("closes to a domain of which no service is served here", async () => {
    federate([{ ...domain, services: ["other.v1.Service"] }]);
    const orders = await partner.issue("spiffe://partner/orders/1");
    assert.equal(await call(orders, await tokenOf(orders)), "closed");
  });

  it("refuses the services that the relation does not name, beside one that it names", async () => {
    const other = { ...serviceFor(["**", named]), name: "test.OtherService", methods: {} };
    const both = await fleet.bot("echo/2");
    const handlers = Object.fromEntries(Object.keys(EchoService.methods).map((key) => [key, () => ({})]));
    const { port } = await both.serve({ port: 0 }, (routes) =>
      routes.add(serviceFor(["**", named]), handlers as never).add(other, {}),
    );
    federate([{ ...domain, services: [other.name] }]);
    const orders = await partner.issue("spiffe://partner/orders/1");
    const before = server;
    server = { ...before, port, denials: before.denials };
    assert.equal(await call(orders, await tokenOf(orders)), "7 CALLER_NOT_ALLOWED");
    server = before;
    await both.close(0);
  });

  it("lets none in where a server does not say so, such as a gateway's or a sidecar's", async () => {
    const handlers = Object.fromEntries(Object.keys(EchoService.methods).map((key) => [key, () => ({})]));
    const identity = createObservable(await fleet.ca.issue("spiffe://test/gateway/1"));
    const basis = {
      identity,
      trust: fleet.trust,
      recorder: fleet.recorder,
      log: silentLog,
      clock: systemClock,
      port: 0,
    };
    const closed = await createServer(basis, (routes) => routes.add(serviceFor(["**", named]), handlers as never));
    const orders = await partner.issue("spiffe://partner/orders/1");
    const before = server;
    server = { ...before, port: closed.port, denials: before.denials };
    assert.equal(await call(orders, await tokenOf(orders)), "closed");
    const good = await fleet.ca.issue("spiffe://test/good/1");
    assert.equal(await call(good, await tokenOf(good)), "ok");
    server = before;
    await closed.close(0);
  });

  it("leaves a domain a quarter of the connections", async () => {
    const small = await fleet.bot("echo/3");
    const handlers = Object.fromEntries(Object.keys(EchoService.methods).map((key) => [key, () => ({})]));
    const options = { port: 0, maximumConnections: 5 } as { port: number };
    const { port } = await small.serve(options, (routes) => routes.add(serviceFor(["**", named]), handlers as never));
    const identities = await Promise.all([1, 2, 3].map((i) => partner.issue(`spiffe://partner/orders/${i}`)));
    const sessions: ReturnType<typeof rawSession>[] = [];
    const answers: (number | undefined)[] = [];
    for (const identity of identities) {
      const headers = { authorization: `Bearer ${await tokenOf(identity)}` };
      const session = rawSession(port, shows(identity));
      sessions.push(session);
      answers.push((await rawCall(session, EchoService.methods.echo.path, headers)).status);
    }
    assert.deepEqual(answers, [0, 0, undefined]);
    await server.denied(1);
    assert.equal(server.denials[0]?.reason, "CONNECTION_LIMIT");
    const home = rawSession(port, shows(await fleet.ca.issue("spiffe://test/good/1")));
    assert.equal((await rawCall(home, EchoService.methods.open.path)).status, 0);
    for (const session of [...sessions, home]) session.destroy();
    await small.close(0);
  });

  it("leaves all domains together a half of the connections", async () => {
    const small = await fleet.bot("echo/3");
    const handlers = Object.fromEntries(Object.keys(EchoService.methods).map((key) => [key, () => ({})]));
    const options = { port: 0, maximumConnections: 4 } as { port: number };
    const { port } = await small.serve(options, (routes) => routes.add(serviceFor(["**", named]), handlers as never));
    const others = await Promise.all(["one", "two", "three"].map(createTestCa));
    const domains = others.map(({ der }, i) => ({
      ...domain,
      trustDomain: `d${i}`,
      caCertificates: [der],
      identities: [`spiffe://d${i}/**`],
    }));
    federate(domains);
    const sessions = [];
    const answers: (number | undefined)[] = [];
    const identities = await Promise.all(others.map((ca, i) => ca.issue(`spiffe://d${i}/a`)));
    for (const identity of [...identities, await fleet.ca.issue("spiffe://test/good/1")]) {
      const session = rawSession(port, shows(identity));
      sessions.push(session);
      answers.push((await rawCall(session, Health.methods.check.path)).status);
    }
    assert.deepEqual(answers, [0, 0, undefined, 0]);
    for (const session of sessions) session.destroy();
    await small.close(0);
  });

  it("limits the calls of a domain, however many bots it names, and the tokens that are verified for it", async () => {
    const callerRate = { perSecond: 0.001, burst: 2 };
    const limited = await serveEcho(fleet, {}, { callerRate }, serviceFor(["**", named]));
    const before = server;
    server = limited;
    const answers = [];
    for (let i = 0; i < 10; i++) {
      const orders = await partner.issue(`spiffe://partner/orders/${i}`);
      answers.push(await call(orders, await tokenOf(orders)));
    }
    assert.deepEqual(answers, [...Array(8).fill("ok"), ...Array(2).fill("8 RATE_LIMITED")]);
    await limited.goodCall();
    server = before;
    await limited.bot.close(0);
    const forged = (await tokenOf(await partner.issue("spiffe://partner/orders/0"))).replace(/.{8}$/, "AAAAAAAA");
    const reasons = [];
    for (let i = 0; i < 52; i++) reasons.push(await call(await partner.issue(`spiffe://partner/orders/${i}`), forged));
    assert.deepEqual([reasons[0], reasons.at(-1)], ["16 TOKEN_SIGNATURE", "8 RATE_LIMITED"]);
    await server.goodCall();
  });

  it("leaves all bots of a domain together the open calls of one, and so the memory for their requests", async () => {
    const small = await fleet.bot("echo/3");
    const handlers = Object.fromEntries(Object.keys(EchoService.methods).map((key) => [key, () => ({})]));
    const options = { port: 0, callsPerPeer: 2 } as { port: number };
    const { port } = await small.serve(options, (routes) => routes.add(serviceFor(["**", named]), handlers as never));
    const sessions = [];
    const statuses: Promise<number>[] = [];
    for (const ca of [partner, partner, partner, fleet.ca]) {
      const [uri, i] = [ca === partner ? "spiffe://partner/orders" : "spiffe://test/good", sessions.length];
      const session = rawSession(port, shows(await ca.issue(`${uri}/${i}`)));
      sessions.push(session);
      session.on("error", () => {});
      const head = { ":method": "POST", "content-type": "application/grpc", te: "trailers" };
      const stream = session.request({ ...head, ":path": Health.methods.watch.path });
      stream.end(Buffer.alloc(5));
      // Watching goes on after its first message; a refusal is the whole answer.
      const refused = once(stream, "response").then(([headers]) => Number(headers["grpc-status"] ?? 0));
      statuses.push(refused);
      await refused;
    }
    assert.deepEqual(await Promise.all(statuses), [0, 0, 8, 0]);
    for (const session of sessions) session.destroy();
    await small.close(0);
  });

  it("takes none of its certificates for a revoked one of the own domain, by its serial number", async () => {
    const orders = await partner.issue("spiffe://partner/orders/1", { serial: "4f" });
    const good = await fleet.ca.issue("spiffe://test/good/1", { serial: "4f" });
    fleet.revoke("certificate", "4f");
    assert.equal(await call(orders, await tokenOf(orders)), "ok");
    assert.equal(await call(good, await tokenOf(good)), "closed");
  });

  it("says nothing of methods that have ended, and of gateways, where the domain is not named", async () => {
    const orders = await partner.issue("spiffe://partner/orders/1");
    const { path } = EchoService.methods.echo;
    fleet.trust.replace({ ...fleet.trust.state, retired: [path.slice(1)] });
    assert.equal(await call(orders, await tokenOf(orders)), "12 METHOD_RETIRED");
    const closed = await serveEcho(fleet, {}, {}, { ...serviceFor(["**"]), via: ["gateway/*"] } as never);
    const before = server;
    server = closed;
    assert.equal(await call(orders, await tokenOf(orders)), "7 CALLER_NOT_ALLOWED");
    server = before;
    await closed.bot.close(0);
  });

  it("refuses methods whose policy does not name the bot with its domain, whatever else it names", async () => {
    const orders = await partner.issue("spiffe://partner/orders/1");
    for (const callers of [[], ["**"], ["orders/*"], ["spiffe://third/**"], ["spiffe://partner/billing/*"]]) {
      const other = await serveEcho(fleet, {}, {}, serviceFor(callers));
      const before = server;
      server = other;
      assert.equal(await call(orders, await tokenOf(orders)), "7 CALLER_NOT_ALLOWED", callers.join(" "));
      assert.deepEqual(other.handled, []);
      server = before;
      await other.bot.close(0);
    }
  });

  it("refuses methods that are open to any bot, and all of health but what clients need", async () => {
    const orders = await partner.issue("spiffe://partner/orders/1");
    assert.equal(await call(orders, undefined, EchoService.methods.open.path), "7 CALLER_NOT_ALLOWED");
    assert.equal(await call(orders, undefined, Health.methods.list.path), "7 CALLER_NOT_ALLOWED");
    const reflection = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    assert.equal(await call(orders, undefined, reflection), "7 CALLER_NOT_ALLOWED");
    assert.equal(await call(orders, undefined, Health.methods.check.path), "ok");
    assert.deepEqual(server.handled, []);
  });

  it("wants a token of the own authority that is the bot's own, bound to its certificate, for the service", async () => {
    const orders = await partner.issue("spiffe://partner/orders/1");
    const other = await partner.issue("spiffe://partner/orders/2");
    const again = await partner.issue("spiffe://partner/orders/1");
    const good = await fleet.ca.issue("spiffe://test/good/1");
    federate([{ ...domain, services: [EchoService.name, "other.v1.Service"] }]);
    assert.equal(await call(orders), "16 TOKEN_MISSING");
    assert.equal(await call(orders, await tokenOf(other)), "16 TOKEN_MALFORMED");
    assert.equal(await call(orders, await tokenOf(again)), "16 TOKEN_BINDING_MISMATCH");
    assert.equal(
      await call(orders, await tokenOf(orders, { iss: "spiffe://partner/interlock/authority" })),
      "16 TOKEN_ISSUER",
    );
    assert.equal(await call(orders, await tokenOf(orders, {}, "other.v1.Service")), "16 TOKEN_AUDIENCE");
    assert.equal(await call(orders, await tokenOf(orders, { scope: "echo:other" })), "7 SCOPE_MISSING");
    // It acts for nobody, and nobody for it.
    const cnf = { "x5t#S256": orders.leaf.thumbprint };
    const act = { sub: orders.spiffeId.uri };
    assert.equal(await call(orders, await tokenOf(orders, { sub: good.spiffeId.uri, act, cnf })), "16 TOKEN_MALFORMED");
    assert.equal(await call(orders, await tokenOf(orders, { act })), "16 TOKEN_MALFORMED");
    const acted = { sub: orders.spiffeId.uri, act: { sub: good.spiffeId.uri } };
    assert.equal(await call(good, await tokenOf(good, acted)), "16 TOKEN_MALFORMED");
    assert.equal(await call(good, await tokenOf(good, { sub: orders.spiffeId.uri })), "16 TOKEN_MALFORMED");
    assert.deepEqual(server.handled, []);
  });

  it("refuses tokens from before the domain was added", async () => {
    const orders = await partner.issue("spiffe://partner/orders/1");
    const token = await tokenOf(orders);
    assert.equal(await call(orders, token), "ok");
    federate([]);
    federate([{ ...domain, since: Date.now() + 2_000 }]);
    assert.equal(await call(orders, token), "16 TOKEN_OUTDATED");
  });

  it("takes no patterns of the fleet for bots of another domain: revocations, cut-offs", async () => {
    const orders = await partner.issue("spiffe://partner/orders/1");
    fleet.revoke("pattern", "orders/*");
    assert.equal(await call(orders, await tokenOf(orders)), "ok");
    const cutOff = { identity: "**", service: "", scope: "", grantsVersion: 1, except: [] };
    fleet.trust.replace({ ...fleet.trust.state, cutOffs: [cutOff] });
    assert.equal(await call(orders, await tokenOf(orders)), "ok");
    fleet.trust.replace({ ...fleet.trust.state, cutOffs: [{ ...cutOff, identity: "spiffe://partner/**" }] });
    assert.equal(await call(orders, await tokenOf(orders)), "16 TOKEN_OUTDATED");
    fleet.revoke("pattern", "spiffe://partner/orders/*");
    assert.equal(await call(orders, await tokenOf(orders)), "closed");
  });

  describe("with an open stream", () => {
    let streaming: Awaited<ReturnType<typeof openStream>>;

    async function openStream(identity: Identity) {
      const session = rawSession(server.port, shows(identity));
      session.on("error", () => {});
      const token = await tokenOf(identity);
      const stream = session.request({
        ":method": "POST",
        ":path": EchoService.methods.count.path,
        "content-type": "application/grpc",
        te: "trailers",
        authorization: `Bearer ${token}`,
      });
      stream.on("error", () => {});
      stream.end(Buffer.alloc(5));
      const ended = once(stream, "trailers").then(([trailers]) => Number(trailers["grpc-status"]));
      const closed = once(session, "close");
      await once(stream, "data");
      return { session, ended, closed };
    }

    beforeEach(async () => {
      streaming = await openStream(await partner.issue("spiffe://partner/orders/1"));
    });
    afterEach(() => streaming.session.destroy());

    it("ends it, and the connection, when the domain is revoked; those of the own bots go on", async () => {
      const home = await openStream(await fleet.ca.issue("spiffe://test/good/2"));
      federate([]);
      assert.equal(await streaming.ended, 16);
      await streaming.closed;
      assert.equal(home.session.closed, false);
      home.session.destroy();
      await server.goodCall();
    });

    it("ends it when the patterns do not name the bot any more", async () => {
      federate([{ ...domain, identities: ["spiffe://partner/orders/2"] }]);
      assert.equal(await streaming.ended, 16);
    });

    it("ends it when the relation does not name the service any more", async () => {
      federate([{ ...domain, services: ["other.v1.Service"] }]);
      assert.equal(await streaming.ended, 16);
    });

    it("ends it when the CA leaves the bundle, and goes on while it stays among others", async () => {
      const next = await createTestCa("next");
      federate([{ ...domain, caCertificates: [partner.der, next.der] }]);
      const moved = await next.issue("spiffe://partner/orders/2");
      assert.equal(await call(moved, await tokenOf(moved)), "ok");
      assert.equal(streaming.session.closed, false);
      federate([{ ...domain, caCertificates: [next.der] }]);
      assert.equal(await streaming.ended, 14);
    });
  });
});
