import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import type { Bot, ServeOptions } from "../bot.js";
import { deferred } from "../testing/deferred.js";
import { type EchoServer, serveEcho } from "../testing/echo-server.js";
import { createRelay, type Relay } from "../testing/relay.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";
import { chooseTransport } from "../transport/choose-transport.js";
import type { ClientOptions } from "./client-options.js";

const isWire = chooseTransport() === "wire";

describe("the options of a client", () => {
  let fleet: TestFleet;
  let caller: Bot;
  const bots: Bot[] = [];
  const relays: Relay[] = [];

  beforeEach(async () => {
    fleet = await createTestFleet();
    caller = await fleet.bot("caller/1");
    bots.push(caller);
  });
  afterEach(async () => {
    await Promise.all(bots.splice(0).map((bot) => bot.close(0)));
    await Promise.all(relays.splice(0).map((relay) => relay.close()));
  });

  async function serve(options: Partial<ServeOptions> = {}): Promise<EchoServer> {
    const server = await serveEcho(fleet, {}, options);
    bots.push(server.bot);
    return server;
  }

  async function relayTo(port: number): Promise<Relay> {
    const relay = await createRelay(port);
    relays.push(relay);
    return relay;
  }

  /** A port at which nothing listens now. */
  async function freePort(): Promise<number> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    return port;
  }

  it("a default time holds for calls with one answer; a call may say otherwise, and a stream has none", async () => {
    const release = deferred();
    const server = await serveEcho(fleet, {
      async echo() {
        await release.promise;
        return {};
      },
      async *count() {
        await release.promise;
        yield {};
      },
    });
    bots.push(server.bot);
    const echo = caller.client(EchoService, server.address, { timeoutMs: 50 });
    const stream = echo.count({})[Symbol.asyncIterator]();
    const first = stream.next();
    const patient = echo.echo({}, { timeoutMs: 20_000 });
    await assert.rejects(echo.echo({}), { code: "DEADLINE_EXCEEDED" });
    release.resolve();
    await patient;
    assert.equal((await first).done, false);
    await stream.return?.();
  });

  it("a call waits for a server where it is told to, and not otherwise", async () => {
    const port = await freePort();
    const address = `127.0.0.1:${port}`;
    const waiting = caller.client(EchoService, address, { waitForReady: true });
    const call = waiting.echo({ reason: "late" });
    const listed = caller
      .client(EchoService, [address, "127.0.0.1:1"], { waitForReady: true })
      .echo({ reason: "late" });
    await assert.rejects(waiting.echo({}, { waitForReady: false }), { code: "UNAVAILABLE" });
    await assert.rejects(caller.client(EchoService, [address]).echo({}), { code: "UNAVAILABLE" });
    const bounded = [
      waiting.echo({}, { timeoutMs: 100 }),
      caller.client(EchoService, [address, "127.0.0.1:1"]).echo({}, { timeoutMs: 100, waitForReady: true }),
    ];
    for (const late of bounded) await assert.rejects(late, { code: "DEADLINE_EXCEEDED" });
    await serve({ port });
    assert.equal((await call).reason, "late");
    assert.equal((await listed).reason, "late");
  });

  it("messages beyond the limits fail, of requests and of answers", async () => {
    const { address } = await serve();
    const echo = caller.client(EchoService, address, { requestBytes: 1_000 });
    await echo.echo({ reason: "x".repeat(900) });
    await assert.rejects(echo.echo({ reason: "x".repeat(1_000) }), { code: "RESOURCE_EXHAUSTED" });
    const small = caller.client(EchoService, address, { responseBytes: 1_000 });
    await small.echo({ reason: "x".repeat(900) });
    await assert.rejects(small.echo({ reason: "x".repeat(1_000) }), { code: "RESOURCE_EXHAUSTED" });
    await caller.client(EchoService, address).echo({ reason: "x".repeat(100_000) });
  });

  it("requests are compressed for methods that need a token, and answers where the server does", async function () {
    if (!isWire) this.skip();
    const { port } = await serve({ compression: "gzip" });
    const relay = await relayTo(port);
    const text = "interlock ".repeat(20_000);
    const plain = caller.client(EchoService, relay.address);
    await plain.echo({});
    const [sent, received] = [relay.sent, relay.received];
    assert.equal((await plain.echo({ reason: text })).reason, text);
    assert.ok(relay.sent - sent > text.length);
    assert.ok(relay.received - received < text.length / 10);
    const packing = caller.client(EchoService, relay.address, { compression: "gzip" });
    await packing.open({}); // Any bot may call it: nothing is compressed for it.
    const before = relay.sent;
    assert.equal((await packing.echo({ reason: text })).reason, text);
    await packing.join([{ reason: text }, { reason: text }]);
    const answers = [];
    for await (const { reason } of packing.chat([{ reason: text }, { reason: "small" }])) answers.push(reason);
    assert.deepEqual(answers, [text, "small"]);
    assert.ok(relay.sent - before < text.length / 10);
  });

  it("answers are compressed for nobody unless the server says so", async function () {
    if (!isWire) this.skip();
    const { port } = await serve();
    const relay = await relayTo(port);
    const text = "interlock ".repeat(20_000);
    await caller.client(EchoService, relay.address).echo({ reason: text });
    assert.ok(relay.received > text.length);
  });

  it("the calls of one connection are bounded by the server; further ones use another", async function () {
    if (!isWire) this.skip();
    const release = deferred();
    let [running, most] = [0, 0];
    const all = deferred();
    const server = await serveEcho(
      fleet,
      {
        async echo() {
          most = Math.max(most, ++running);
          if (running === 6) all.resolve();
          await release.promise;
          running--;
          return {};
        },
      },
      { callsPerConnection: 2 },
    );
    bots.push(server.bot);
    const relay = await relayTo(server.port);
    const echo = caller.client(EchoService, relay.address);
    const calls = Array.from({ length: 6 }, () => echo.echo({}));
    await all.promise;
    assert.ok(relay.connections >= 3);
    release.resolve();
    await Promise.all(calls);
  });

  it("clients that are alike share a connection, and those that differ in what a connection does have their own", async () => {
    const { port } = await serve();
    const relay = await relayTo(port);
    const make = (options?: ClientOptions) => caller.client(EchoService, relay.address, options).echo({});
    await make();
    await make({ timeoutMs: 1_000, waitForReady: true });
    assert.equal(relay.connections, 1);
    await make({ responseBytes: 10_000 });
    await make({ connections: { silenceMs: 1_000 } });
    assert.equal(relay.connections, 3);
  });

  it("a client that is closed takes no calls, others go on; its connection ends with the last", async () => {
    const { port } = await serve();
    const relay = await relayTo(port);
    const [one, two] = [caller.client(EchoService, relay.address), caller.client(EchoService, relay.address)];
    await one.echo({});
    one[Symbol.dispose]();
    await assert.rejects(one.echo({}), { code: "CANCELLED" });
    await two.echo({});
    two[Symbol.dispose]();
    while (relay.connections > 0) await new Promise(setImmediate);
  });

  it("are refused where they are wrong", () => {
    const wrong = [
      { timeoutMs: 0 },
      { timeoutMs: "5" },
      { requestBytes: -1 },
      { responseBytes: 1.5 },
      { compression: "br" },
      { connections: { silenceMs: 0 } },
    ];
    for (const options of wrong) {
      assert.throws(() => caller.client(EchoService, "127.0.0.1:1", options as never), { code: "INVALID_ARGUMENT" });
    }
    assert.throws(() => caller.client(EchoService, "127.0.0.1:1", { interceptors: [async () => {}] }), TypeError);
  });
});
