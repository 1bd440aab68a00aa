import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from "node:tls";
import { Client, Metadata } from "@grpc/grpc-js";
import { InterlockError } from "../base/error.js";
import { createObservable } from "../base/observable.js";
import type { Reason } from "../base/reason.js";
import type { Bot } from "../bot.js";
import type { CallContext } from "../context.js";
import type { Identity } from "../identity/identity.js";
import { createKeyPair } from "../identity/key-pair.js";
import { certificatesToPem } from "../identity/pem.js";
import { deferred } from "../testing/deferred.js";
import { serveEcho } from "../testing/echo-server.js";
import { createTestCa, type LeafOptions } from "../testing/test-ca.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";
import { KeyUsageFlags } from "../testing/x509.js";

const hour = 3_600_000;
const service = { ...EchoService, servedBy: ["echo/*"] };

describe("a client", () => {
  let fleet: TestFleet;
  let caller: Bot;
  const bots: Bot[] = [];
  const impostors: TlsServer[] = [];
  const sockets: Socket[] = [];

  beforeEach(async () => {
    fleet = await createTestFleet();
    caller = await fleet.bot("caller/1");
    bots.push(caller);
  });
  afterEach(async () => {
    for (const server of impostors.splice(0)) server.close();
    await Promise.all(bots.splice(0).map((bot) => bot.close(0)));
    // grpc-js waits without end for a server that is silent in the handshake, even when its client is closed.
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  /** A TLS server with any certificate at all, that remembers what it is sent. */
  async function impostor(
    shown: Pick<Identity, "privateKey" | "chain">,
    maxVersion: "TLSv1.2" | "TLSv1.3" = "TLSv1.3",
  ) {
    const heard: Buffer[] = [];
    const server = createTlsServer(
      { key: shown.privateKey, cert: certificatesToPem(shown.chain), ALPNProtocols: ["h2"], maxVersion },
      (socket: TLSSocket) => {
        socket.on("data", (data: Buffer) => heard.push(data)).on("error", () => {});
      },
    );
    server.on("tlsClientError", () => {});
    server.on("connection", (socket: Socket) => sockets.push(socket));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    impostors.push(server);
    return { heard, address: `127.0.0.1:${(server.address() as AddressInfo).port}` };
  }

  describe("row 12 and its like: closes before a byte of the call is sent, to a server with", () => {
    const uri = "spiffe://test/echo/1";
    const rows: [string, LeafOptions, Reason][] = [
      ["another bot's identity", { uris: ["spiffe://test/mallory/1"] }, "SERVER_IDENTITY_MISMATCH"],
      ["a name that only begins like the right one", { uris: ["spiffe://test/echo/1/x"] }, "SERVER_IDENTITY_MISMATCH"],
      ["another trust domain", { uris: ["spiffe://other/echo/1"] }, "TRUST_DOMAIN_MISMATCH"],
      ["no SPIFFE ID", { uris: ["https://127.0.0.1"] }, "CERTIFICATE_WITHOUT_SPIFFE_ID"],
      ["two SPIFFE IDs", { uris: [uri, "spiffe://test/mallory/1"] }, "CERTIFICATE_WITHOUT_SPIFFE_ID"],
      ["a certificate that may sign", { uris: [uri], keyUsage: 0x05 | 0x20 | 0x01 }, "CERTIFICATE_IS_CA"],
      // What OpenSSL itself refuses does not come as far as our own reasons.
      ["a client's certificate", { uris: [uri], usages: ["1.3.6.1.5.5.7.3.2"] }, "SERVER_UNREACHABLE"],
      [
        "an expired certificate",
        { uris: [uri], notBefore: Date.now() - 2 * hour, notAfter: Date.now() - hour },
        "CERTIFICATE_EXPIRED",
      ],
    ];
    for (const [name, leaf, reason] of rows) {
      it(name, async () => {
        const { keys, der } = await fleet.ca.issueRaw(leaf);
        const { heard, address } = await impostor({ privateKey: keys.privateKeyPem, chain: [der] });
        await assert.rejects(async () => caller.client(service, address).echo({ reason: "secret" }), {
          code: "UNAVAILABLE",
          reason,
        });
        assert.equal(Buffer.concat(heard).length, 0);
      });
    }

    it("an intermediate of another trust domain, behind one of that name without a valid signature", async () => {
      const root = await createTestCa("root", 1);
      const { state } = fleet.trust;
      fleet.trust.replace({ ...state, version: state.version + 1n, caCertificates: [root.der] });
      const signing = { subject: "CN=above", ca: true, keyUsage: KeyUsageFlags.keyCertSign, usages: [] };
      const above = await root.issueRaw({ ...signing, uris: ["spiffe://other"] });
      const { chain, privateKey } = await root.issue(uri, { signer: { name: "CN=above", keys: above.keys } });
      const signer = { name: "CN=root", keys: await createKeyPair() };
      const decoy = await root.issueRaw({ ...signing, signer, notAfter: Date.now() - hour, notBefore: 0 });
      for (const [hidden, reason] of [
        [[above.der], "TRUST_DOMAIN_MISMATCH"],
        [[decoy.der, above.der], "TRUST_DOMAIN_MISMATCH"],
      ] as const) {
        const { heard, address } = await impostor({ privateKey, chain: [...chain, ...hidden] });
        await assert.rejects(async () => caller.client(service, address).echo({}), { code: "UNAVAILABLE", reason });
        assert.equal(Buffer.concat(heard).length, 0);
      }
    });

    it("a certificate from another CA, whatever the environment says", async () => {
      const { heard, address } = await impostor(await (await createTestCa()).issue(uri));
      const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
      try {
        await assert.rejects(async () => caller.client(service, address).echo({}), { code: "UNAVAILABLE" });
      } finally {
        if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
        else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
      }
      assert.equal(Buffer.concat(heard).length, 0);
    });

    it("TLS 1.2", async () => {
      const { heard, address } = await impostor(await fleet.ca.issue(uri), "TLSv1.2");
      await assert.rejects(async () => caller.client(service, address).echo({}), { code: "UNAVAILABLE" });
      assert.equal(Buffer.concat(heard).length, 0);
    });

    it("a revoked identity", async () => {
      const { heard, address } = await impostor(await fleet.ca.issue(uri));
      fleet.revoke("identity", uri);
      await assert.rejects(async () => caller.client(service, address).echo({}), { reason: "IDENTITY_REVOKED" });
      assert.equal(Buffer.concat(heard).length, 0);
    });

    it("the right identity: then the call is sent (the control)", async () => {
      const { heard, address } = await impostor(await fleet.ca.issue(uri));
      await assert.rejects(async () => caller.client(service, address).echo({}, { timeoutMs: 300 }), InterlockError);
      assert.ok(Buffer.concat(heard).includes("PRI * HTTP/2.0"));
    });
  });

  it("ends its streams, and makes a new connection, when the server is revoked", async () => {
    const { bot, address } = await serveEcho(fleet);
    bots.push(bot);
    const client = caller.client(service, address);
    const stream = client.count({})[Symbol.asyncIterator]();
    await stream.next();
    fleet.revoke("identity", "spiffe://test/echo/1");
    await assert.rejects(stream.next(), { reason: "IDENTITY_REVOKED" });
    await assert.rejects(async () => client.echo({}), { reason: "IDENTITY_REVOKED" });
  });

  it("moves to a new channel when its identity is renewed, while calls and streams go on", async () => {
    const serials: string[] = [];
    const release = deferred();
    const { bot, address } = await serveEcho(fleet, {
      async echo({ reason }, { caller }) {
        serials.push(caller.certificate.serial);
        if (reason === "wait") await release.promise;
        return { reason };
      },
      async *chat(requests, { caller }) {
        for await (const { reason } of requests) yield { reason: `${reason} ${caller.certificate.serial}` };
      },
    });
    bots.push(bot);
    const first = await fleet.ca.issue("spiffe://test/renewed/1");
    const second = await fleet.ca.issue("spiffe://test/renewed/1");
    const identity = createObservable(first);
    const renewed = await fleet.bot("renewed/1", undefined, { identity });
    bots.push(renewed);
    const client = renewed.client(service, address);
    const next = deferred();
    const chat = client
      .chat(
        (async function* () {
          yield { reason: "a" };
          await next.promise;
          yield { reason: "b" };
        })(),
      )
      [Symbol.asyncIterator]();
    assert.equal((await chat.next()).value?.reason, `a ${first.leaf.serial}`);
    const waiting = client.echo({ reason: "wait" });
    while (serials.length === 0) await new Promise((resolve) => setImmediate(resolve));

    identity.replace(second);
    await Promise.all(Array.from({ length: 5 }, () => client.echo({})));
    assert.deepEqual(serials, [first.leaf.serial, ...Array(5).fill(second.leaf.serial)]);

    next.resolve();
    release.resolve();
    assert.equal((await chat.next()).value?.reason, `b ${first.leaf.serial}`);
    assert.equal((await waiting).reason, "wait");
    assert.equal((await chat.next()).done, true);
  });

  it("waits for a token only as long as for the call", async () => {
    const { bot, address } = await serveEcho(fleet);
    bots.push(bot);
    const never = await fleet.bot("caller/2", undefined, {
      tokens: { authorization: () => new Promise<string>(() => {}), forget() {} },
    });
    bots.push(never);
    const client = never.client(service, address);
    await assert.rejects(async () => client.echo({}, { timeoutMs: 30 }), { code: "DEADLINE_EXCEEDED" });
    const controller = new AbortController();
    const calls = [
      client.echo({}, { signal: controller.signal }),
      client.count({}, { signal: controller.signal })[Symbol.asyncIterator]().next(),
    ];
    controller.abort();
    for (const call of calls) await assert.rejects(call, { code: "CANCELLED" });
    await assert.rejects(async () => client.echo({}, { signal: AbortSignal.abort() }), { code: "CANCELLED" });
  });

  it("says why there is no token, and forgets one that a server refuses", async () => {
    const { bot, address } = await serveEcho(fleet);
    bots.push(bot);
    const forgotten: string[] = [];
    const refused = await fleet.bot("caller/2", undefined, {
      tokens: { authorization: () => "Bearer stale", forget: (audience) => forgotten.push(audience) },
    });
    const failing = await fleet.bot("caller/3", undefined, {
      tokens: {
        authorization: () => Promise.reject(new InterlockError("PERMISSION_DENIED", "no", { reason: "NO_GRANT" })),
        forget() {},
      },
    });
    bots.push(refused, failing);
    await assert.rejects(async () => refused.client(service, address).echo({}), { reason: "TOKEN_MALFORMED" });
    assert.deepEqual(forgotten, [service.name]);
    await assert.rejects(async () => failing.client(service, address).echo({}), { reason: "NO_GRANT" });
    await assert.rejects(failing.client(service, address).count({})[Symbol.asyncIterator]().next(), {
      reason: "NO_GRANT",
    });
  });

  it("does not let a caller set the authorization", async () => {
    const { bot, address } = await serveEcho(fleet);
    bots.push(bot);
    const metadata = new Metadata();
    metadata.set("authorization", "Bearer x");
    const client = caller.client(service, address);
    await assert.rejects(async () => client.echo({}, { metadata }), { code: "INVALID_ARGUMENT" });
    await assert.rejects(client.count({}, { metadata })[Symbol.asyncIterator]().next(), { code: "INVALID_ARGUMENT" });
  });

  it("takes a time of more than 24.8 days for no limit, and refuses what is no time above zero", async () => {
    let context: CallContext | undefined;
    const { bot, address } = await serveEcho(fleet, {
      echo(request, given) {
        context = given;
        return request;
      },
    });
    bots.push(bot);
    const client = caller.client(service, address);
    for (const timeoutMs of [
      2 ** 31,
      2 ** 32,
      31 * 86_400_000,
      8.64e15,
      Number.MAX_SAFE_INTEGER,
      Number.MAX_VALUE,
      Infinity,
    ]) {
      await client.echo({}, { timeoutMs });
      assert.equal(context?.deadline, undefined, String(timeoutMs));
      for await (const _ of client.count({}, { timeoutMs })) break;
    }
    await client.echo({}, { timeoutMs: 2 ** 31 - 10_000 });
    assert.ok(context?.deadline);
    for (const timeoutMs of [0, -1, Number.NaN, -Infinity, "1000", "", null, {}, 10n, [5]]) {
      const options = { timeoutMs: timeoutMs as never };
      await assert.rejects(client.echo({}, options), TypeError, String(timeoutMs));
      await assert.rejects(client.join([], options), TypeError, String(timeoutMs));
      await assert.rejects(client.count({}, options)[Symbol.asyncIterator]().next(), TypeError, String(timeoutMs));
    }
  });

  it("gives every call metadata of its own, into which instrumentation may write", async () => {
    const seen: unknown[] = [];
    const { bot, address } = await serveEcho(fleet, {
      echo(request, { metadata }) {
        seen.push(metadata.get("traceparent"));
        return request;
      },
    });
    bots.push(bot);
    const { makeUnaryRequest } = Client.prototype;
    let trace: string | undefined = "one";
    Client.prototype.makeUnaryRequest = function (this: Client, ...given: unknown[]) {
      const metadata = given.find((argument) => argument instanceof Metadata);
      if (trace !== undefined) metadata?.set("traceparent", trace);
      return makeUnaryRequest.apply(this, given as never);
    } as typeof makeUnaryRequest;
    try {
      const client = caller.client(service, address);
      for (trace of ["one", "two", undefined]) await client.echo({});
    } finally {
      Client.prototype.makeUnaryRequest = makeUnaryRequest;
    }
    assert.deepEqual(seen, [["one"], ["two"], []]);
  });

  it("refuses metadata that cannot be sent before anything is sent, and the connection serves other calls", async () => {
    const { bot, address, handled } = await serveEcho(fleet);
    bots.push(bot);
    const client = caller.client(service, address);
    await client.echo({});
    for (const [name, value, code] of [
      ["connection", "close", "INVALID_ARGUMENT"],
      ["big", "x".repeat(100_000), "RESOURCE_EXHAUSTED"],
    ] as const) {
      const metadata = new Metadata();
      metadata.set(name, value);
      await assert.rejects(client.echo({}, { metadata }), { code });
      await assert.rejects(client.count({}, { metadata })[Symbol.asyncIterator]().next(), { code });
    }
    await client.echo({});
    assert.deepEqual(handled, ["echo", "echo"]);
  });

  it("makes many calls at once under one signal without a warning", async () => {
    const { bot, address } = await serveEcho(fleet);
    bots.push(bot);
    const warnings: string[] = [];
    const onWarning = ({ name }: Error) => void warnings.push(name);
    process.on("warning", onWarning);
    const { signal } = new AbortController();
    const client = caller.client(service, address);
    await Promise.all(Array.from({ length: 30 }, () => client.echo({}, { signal })));
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", onWarning);
    assert.deepEqual(warnings, []);
  });

  it("is the same channel when it is asked for again", async () => {
    let handshakes = 0;
    const server = await impostor(await fleet.ca.issue("spiffe://test/echo/1"));
    impostors.at(-1)?.on("secureConnection", () => handshakes++);
    const call = () => assert.rejects(async () => caller.client(service, server.address).open({}, { timeoutMs: 200 }));
    await Promise.all([call(), call(), call()]);
    assert.equal(handshakes, 1);
  });

  it("tells in an error which code waits for the call, and leaves the limit of stacks as it is", async () => {
    const fail = () => Promise.reject(new InterlockError("NOT_FOUND", "There is none."));
    const { bot, address } = await serveEcho(fleet, { echo: fail });
    bots.push(bot);
    const echo = caller.client(service, address);
    const { stackTraceLimit } = Error;
    async function refusedHere(): Promise<void> {
      await echo.echo({});
    }
    const error = await refusedHere().catch((thrown: unknown) => thrown);
    assert.ok(error instanceof InterlockError);
    assert.match(error.stack ?? "", /^InterlockError: .*\n(.*\n)*.*at async refusedHere/);
    assert.equal(Error.stackTraceLimit, stackTraceLimit);
  });

  it("takes no calls when its bot is closed", async () => {
    const { bot, address } = await serveEcho(fleet);
    bots.push(bot);
    const client = caller.client(service, address);
    await client.echo({});
    await caller.close();
    await assert.rejects(async () => client.echo({}), { code: "CANCELLED" });
  });
});
