import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { createObservable, type MutableObservable } from "../base/observable.js";
import type { Bot } from "../bot.js";
import type { Certificate } from "../identity/certificate.js";
import type { Identity } from "../identity/identity.js";
import { type EchoServer, serveEcho } from "../testing/echo-server.js";
import { createTestCa } from "../testing/test-ca.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";
import type { TokenSource } from "../token/token-source.js";
import { createTrust } from "../trust/trust.js";

const uri = "spiffe://test/caller/1";

describe("a connection that outlives its certificates", () => {
  let fleet: TestFleet;
  let server: EchoServer;
  let bots: Bot[];
  let seen: Certificate[]; // With what each unary call came.

  beforeEach(async () => {
    fleet = await createTestFleet();
    seen = [];
    const handlers: Parameters<typeof serveEcho>[1] = {
      echo(request, { caller }) {
        seen.push(caller.certificate);
        return request;
      },
      async *count(_request, { signal }) {
        while (!signal.aborted) {
          yield { reason: "tick" };
          await sleep(20, undefined, { signal }).catch(() => {});
        }
      },
    };
    // A test that calls without pause does not meet the rate of a caller.
    server = await serveEcho(fleet, handlers, { callerRate: { perSecond: 1_000_000, burst: 1_000_000 } });
    bots = [server.bot];
  });
  afterEach(() => Promise.all(bots.map((bot) => bot.close(0))));

  /** A caller whose certificate lives so long. */
  async function caller(ttlMs: number, tokens?: (holder: MutableObservable<Identity>) => TokenSource) {
    const identity = createObservable(await fleet.ca.issue(uri, { notAfter: Date.now() + ttlMs }));
    const bot = await fleet.bot("caller/1", undefined, { identity, ...(tokens && { tokens: tokens(identity) }) });
    bots.push(bot);
    return { identity, client: bot.client(EchoService, server.address) };
  }

  /** Reads until a time has passed, and then a few more. */
  async function ticksPast(time: number, stream: AsyncIterable<unknown>): Promise<number> {
    let after = 0;
    for await (const _ of stream) if (Date.now() > time && ++after === 5) break;
    return after;
  }

  it("keeps its streams past the end of the client's certificate, once that has been renewed", async () => {
    const { identity, client } = await caller(2_500);
    const { notAfter } = identity.current().leaf;
    const stream = ticksPast(notAfter + 100, client.count({}));
    await client.echo({});
    identity.replace(await fleet.ca.issue(uri, { notAfter: Date.now() + 60_000 }));
    assert.equal(await stream, 5);
  });

  it("keeps one over several renewals where nothing else is called", async () => {
    const { identity, client } = await caller(2_000);
    const ticks = client.count({})[Symbol.asyncIterator]();
    await ticks.next();
    for (let renewal = 0; renewal < 3; renewal++) {
      const { notAfter } = identity.current().leaf;
      while (Date.now() < notAfter - 1_200) await ticks.next();
      identity.replace(await fleet.ca.issue(uri, { notAfter: Date.now() + 2_500 }));
      while (Date.now() < notAfter + 100) assert.equal((await ticks.next()).done, false);
    }
    await ticks.return?.();
  });

  it("keeps them over two renewals, of which the first has hardly begun", async () => {
    const { identity, client } = await caller(2_500);
    const { notAfter } = identity.current().leaf;
    const stream = ticksPast(notAfter + 100, client.count({}));
    await client.echo({});
    identity.replace(await fleet.ca.issue(uri, { notAfter: Date.now() + 30_000 }));
    identity.replace(await fleet.ca.issue(uri, { notAfter: Date.now() + 60_000 }));
    await client.echo({});
    assert.equal(await stream, 5);
  });

  it("ends with the certificate where nothing newer vouches for it", async () => {
    const { client } = await caller(1_500);
    await assert.rejects(ticksPast(Date.now() + 60_000, client.count({})), {
      code: "UNAUTHENTICATED",
      reason: "CERTIFICATE_EXPIRED",
    });
  });

  it("ends when the certificate of either side is revoked", async () => {
    for (const which of ["old", "new"] as const) {
      const { identity, client } = await caller(60_000);
      const old = identity.current().leaf;
      const ticks = client.count({})[Symbol.asyncIterator]();
      await ticks.next();
      identity.replace(await fleet.ca.issue(uri));
      await client.echo({});
      while (seen.at(-1)?.serial !== identity.current().leaf.serial) await client.echo({});
      const reading = (async () => {
        for (;;) if ((await ticks.next()).done) return;
      })();
      fleet.revoke("certificate", which === "old" ? old.serial : identity.current().leaf.serial);
      await assert.rejects(reading, { reason: "CERTIFICATE_REVOKED" }, which);
    }
  });

  it("serves new calls until the next one has been let in with a token", async () => {
    let failing = 3;
    const { identity, client } = await caller(60_000, (holder) => {
      const first = holder.current();
      const kept = new Map<string, string>();
      return {
        authorization(audience, scopes, one) {
          const at = kept.get(one.leaf.serial);
          if (at) return at;
          // The authority is away when the certificate has just been renewed.
          if (one !== first && failing-- > 0) return Promise.reject(new Error("the authority is away"));
          return fleet.token(one, audience, scopes).then((token) => {
            kept.set(one.leaf.serial, `Bearer ${token}`);
            return `Bearer ${token}`;
          });
        },
        forget() {},
      };
    });
    await client.echo({});
    const old = identity.current().leaf.serial;
    identity.replace(await fleet.ca.issue(uri));
    const renewed = identity.current().leaf.serial;
    await client.echo({});
    assert.equal(seen.at(-1)?.serial, old, "nothing waits for the new token");
    while (seen.at(-1)?.serial === old) await client.echo({});
    assert.deepEqual([seen.at(-1)?.serial, failing], [renewed, -1]);
  });

  it("keeps its streams when the server has another CA, and drops a server that has none any more", async () => {
    const next = await createTestCa("next");
    const { state } = fleet.trust;
    const { client } = await caller(60_000);
    const ticks = client.count({})[Symbol.asyncIterator]();
    await ticks.next();
    const version = state.version + 1n;
    fleet.trust.replace({ ...state, version, caCertificates: [fleet.ca.der, next.der] });
    await client.echo({});
    for (let i = 0; i < 10; i++) assert.equal((await ticks.next()).done, false);
    // Neither side has a certificate below it.
    fleet.trust.replace({ ...state, version: version + 1n, caCertificates: [next.der] });
    await assert.rejects(async () => {
      for (;;) await ticks.next();
    });
    await assert.rejects(client.echo({}), { code: "UNAVAILABLE" });
  });

  it("begins nothing new with a server whose root is not trusted any more, and ends what is under way", async () => {
    const { state } = fleet.trust;
    const trust = createTrust(state); // The client's own: the server knows nothing of it.
    let token: string | undefined; // Cached, so that a call reaches the channel at once.
    const tokens: TokenSource = {
      authorization: (audience, scopes, one) =>
        token ?? fleet.token(one, audience, scopes).then((made) => (token = `Bearer ${made}`)),
      forget() {},
    };
    const bot = await fleet.bot("caller/1", undefined, { trust, tokens });
    bots.push(bot);
    const client = bot.client(EchoService, server.address);
    const ticks = client.count({})[Symbol.asyncIterator]();
    await ticks.next();
    trust.replace({ ...state, version: state.version + 1n, caCertificates: [(await createTestCa("next")).der] });
    await assert.rejects(client.echo({}), { code: "UNAVAILABLE", reason: "CERTIFICATE_UNTRUSTED" });
    assert.equal((await ticks.next()).done, false, "it has a moment to prove itself anew");
    await assert.rejects(
      async () => {
        for (;;) await ticks.next();
      },
      { reason: "CERTIFICATE_UNTRUSTED" },
    );
    assert.deepEqual(seen, []);
  });
});
