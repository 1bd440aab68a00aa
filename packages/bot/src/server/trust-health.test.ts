import assert from "node:assert/strict";
import { Client, type ClientReadableStream, Metadata } from "@grpc/grpc-js";
import { systemClock } from "../base/clock.js";
import { InterlockError } from "../base/error.js";
import { silentLog } from "../base/log.js";
import { createListeners } from "../base/subscription.js";
import type { SourceContact } from "../identity/source-contact.js";
import { type EchoServer, serveEcho } from "../testing/echo-server.js";
import { plainCredentials, plainOptions } from "../testing/plain-client.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";
import { createAuthorityContact } from "../trust/authority-contact.js";
import { createTrust } from "../trust/trust.js";

const serving = 1;
const notServing = 2;
const unknown = 3;

describe("health of the trust", () => {
  let fleet: TestFleet;
  let server: EchoServer;
  let client: Client;

  beforeEach(async () => {
    fleet = await createTestFleet();
    server = await serveEcho(fleet);
    client = new Client(
      server.address,
      plainCredentials(fleet, await fleet.ca.issue("spiffe://test/probe/1")),
      plainOptions,
    );
  });
  afterEach(async () => {
    client.close();
    await server.bot.close(0);
  });

  /** The states that a watcher of `service` is told, one at a time. */
  function watch(service: string): { next(): Promise<number>; end(): void } {
    const name = Buffer.from(service);
    const request = Buffer.concat([Buffer.from([0x0a, name.length]), name]);
    const bytes = (buffer: Buffer) => buffer;
    const call: ClientReadableStream<Buffer> = client.makeServerStreamRequest(
      "/grpc.health.v1.Health/Watch",
      bytes,
      bytes,
      request,
      new Metadata(),
    );
    call.on("error", () => {});
    const states = call[Symbol.asyncIterator]();
    return {
      next: async () => ((await states.next()).value as Buffer)[1] ?? 0,
      end: () => call.cancel(),
    };
  }

  it("tells who watches it when the trust becomes stale, and fresh again; the server goes on", async () => {
    const trust = watch("interlock.trust");
    const whole = watch("");
    assert.deepEqual([await trust.next(), await whole.next()], [serving, serving]);
    const caller = await fleet.bot("caller/1");
    const echo = caller.client(EchoService, server.address);
    await echo.reset({});
    fleet.trust.replace({ ...fleet.trust.state, staleAfterMs: 50 });
    assert.equal(await trust.next(), notServing);
    await assert.rejects(echo.reset({}), { reason: "TRUST_STALE", code: "UNAVAILABLE" });
    await echo.echo({});
    fleet.trust.replace({ ...fleet.trust.state, staleAfterMs: 60_000 });
    assert.equal(await trust.next(), serving);
    await echo.reset({});
    await caller.close(0);
    trust.end();
    whole.end();
  });

  it("is not serving from the start where the trust was restored", async () => {
    const restored = createTrust(fleet.trust.state, systemClock, { heardAt: Date.now(), heard: false });
    const bot = await fleet.bot("echo/2", undefined, { trust: restored });
    const { address } = await bot.serve({ port: 0 }, () => {});
    client.close();
    client = new Client(address, plainCredentials(fleet, await fleet.ca.issue("spiffe://test/probe/1")), plainOptions);
    const trust = watch("interlock.trust");
    assert.equal(await trust.next(), notServing);
    restored.touch();
    assert.equal(await trust.next(), serving);
    trust.end();
    await bot.close(0);
  });

  it("tells separately, and at once, that the authority is away", async () => {
    const contact = createAuthorityContact("authority:7443", systemClock, silentLog);
    const bot = await fleet.bot("echo/3", undefined, { contact });
    const { address } = await bot.serve({ port: 0 }, () => {});
    client.close();
    client = new Client(address, plainCredentials(fleet, await fleet.ca.issue("spiffe://test/probe/1")), plainOptions);
    const [authority, trust] = [watch("interlock.authority"), watch("interlock.trust")];
    assert.deepEqual([await authority.next(), await trust.next()], [serving, serving]);
    contact.missed(new InterlockError("UNAVAILABLE", "refused"));
    assert.equal(await authority.next(), notServing);
    contact.reached();
    assert.equal(await authority.next(), serving);
    authority.end();
    trust.end();
    await bot.close(0);
  });

  it("tells that the source of the identity is away, where the source says so", async () => {
    const changes = createListeners<boolean>();
    let awaySince: number | undefined = 1;
    const identityContact: SourceContact = {
      get awaySince() {
        return awaySince;
      },
      onChange: changes.add,
    };
    const bot = await fleet.bot("echo/4", undefined, { identityContact });
    const { address } = await bot.serve({ port: 0 }, () => {});
    client.close();
    client = new Client(address, plainCredentials(fleet, await fleet.ca.issue("spiffe://test/probe/1")), plainOptions);
    const [identity, authority] = [watch("interlock.identity"), watch("interlock.authority")];
    assert.deepEqual([await identity.next(), await authority.next()], [notServing, unknown]);
    awaySince = undefined;
    changes.tell(false);
    assert.equal(await identity.next(), serving);
    changes.tell(true);
    assert.equal(await identity.next(), notServing);
    identity.end();
    authority.end();
    await bot.close(0);
  });
});
