import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { EventEmitter, once } from "node:events";
import type { Bot, Client } from "@interlock/bot";
import { Health } from "@interlock/bot/internal";
import { AdminService, BundleProfile } from "@interlock/bot/protocol";
import { EchoService as Echo } from "@interlock/bot/testing";
import { digestOf } from "../ca/grow-ca.js";
import { federationHealthName } from "../housekeeping.js";
import { ask } from "../testing/ask.js";
import { startTestAuthority, type TestAuthority } from "../testing/test-authority.js";
import { formatTrustBundle } from "./format-trust-bundle.js";

const named = "spiffe://partner/orders/*";
const notServing = 2;
const EchoService: typeof Echo = {
  ...Echo,
  methods: Object.fromEntries(
    Object.entries(Echo.methods).map(([key, method]) => {
      const policy = { ...method.policy, ...(!method.policy.anyBot && { callers: ["**", named] }) };
      return [key, { ...method, policy }];
    }),
  ) as typeof Echo.methods,
};

// So that bots follow a change of the CA within three seconds: a tenth of the life of a certificate.
const times = { https: { port: 0 }, leafTtlMs: 30_000, staleAfterMs: 5_000 };

describe("two fleets that follow each other's bundle endpoints", function () {
  this.timeout(60_000);
  let cafe: TestAuthority;
  let partner: TestAuthority;
  let ann: Bot;
  let home: Client<typeof AdminService>;
  let away: Client<typeof AdminService>;

  beforeEach(async () => {
    cafe = await startTestAuthority(times);
    partner = await startTestAuthority({ ...times, trustDomain: "partner" });
    ann = await cafe.bot("operator/ann");
    home = ann.client(AdminService, cafe.authority.address);
    away = (await partner.bot("operator/bob")).client(AdminService, partner.authority.address);
    await cafe.authority.applyGrants(
      `grants: {"home/1": {${Echo.name}: ["echo:call"]}, "${named}": {${Echo.name}: ["echo:call"]}}`,
    );
    const ofPartner = { trustDomain: "partner", services: [Echo.name], identities: [named] };
    await home.addFederation({ ...ofPartner, ...published(partner) });
    await away.addFederation({ trustDomain: "cafe", identities: ["spiffe://cafe/echo/*"], ...published(cafe) });
  });
  afterEach(async () => {
    await cafe.close();
    await partner.close();
  });

  /** Where an authority publishes its bundle, and the first one, as operators exchange it. */
  function published({ authority: { issuer, trustDomain, caCertificate } }: TestAuthority) {
    const profile = BundleProfile.BUNDLE_PROFILE_HTTPS_SPIFFE;
    return {
      endpoint: { url: `${issuer}/bundle`, profile, spiffeId: `spiffe://${trustDomain}/interlock/authority` },
      bundle: formatTrustBundle({ caCertificates: [caCertificate], sequence: 0n, refreshHintSeconds: 300 }),
    };
  }

  /** Resolves once `when` is true, which is looked at with each change of a bot's trust or identity. */
  function changed({ trust, identity }: Bot, when: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => when() && resolve();
      trust.onChange(look);
      identity.onChange(look);
      look();
    });
  }

  it("calls, streams, follow a change of the partner's CA, and end when it is revoked; a home bot notices nothing", async () => {
    const [server, own, orders] = await Promise.all([cafe.bot("echo/1"), cafe.bot("home/1"), partner.bot("orders/1")]);
    const ticks = new EventEmitter();
    const certificates = new Map<string, string>();
    const { address } = await server.serve({ port: 0 }, (routes) =>
      routes.add(EchoService, {
        echo(request, { caller }) {
          certificates.set(caller.name, caller.certificate.thumbprint);
          return request;
        },
        async *count(_request, { signal }) {
          yield { reason: "first" };
          for (;;) {
            await once(ticks, "tick", { signal });
            yield { reason: "next" };
          }
        },
        join: async () => ({}),
        async *chat() {},
        open: () => ({}),
        reset: () => ({}),
      }),
    );
    await changed(server, () => server.trust.state.federated?.length === 1);
    await changed(orders, () => orders.trust.state.federated?.length === 1);
    const federated = { trustDomain: "cafe", authority: cafe.authority.address };
    const abroad = orders.client(EchoService, address, { federated });
    const [foreign, homely] = [abroad, own.client(EchoService, address)].map((client) =>
      (client.count({}) as AsyncIterable<{ reason: string }>)[Symbol.asyncIterator](),
    ) as [AsyncIterator<{ reason: string }>, AsyncIterator<{ reason: string }>];
    assert.equal((await foreign.next()).value.reason, "first");
    assert.equal((await homely.next()).value.reason, "first");

    const cas = () => server.trust.state.federated?.[0]?.caCertificates.length;
    await away.prepareCa({});
    await home.refreshFederation({ trustDomain: "partner" });
    await changed(server, () => cas() === 2);
    const { activeCa } = orders.trust.state;
    await away.activateCa({ force: true });
    // A certificate that was renewed a moment before is still below the old root, and would be cut off with it.
    await changed(orders, () => {
      const { activeCa: active, caCertificates } = orders.trust.state;
      const root = caCertificates.find((der) => digestOf(der) === active);
      const last = new X509Certificate(orders.identity.current().chain.at(-1) ?? "");
      return active !== activeCa && root !== undefined && last.verify(new X509Certificate(root).publicKey);
    });
    const { thumbprint } = orders.identity.current().leaf;
    for (let i = 0; i < 500 && certificates.get("spiffe://partner/orders/1") !== thumbprint; i++) {
      await abroad.echo({});
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.equal(certificates.get("spiffe://partner/orders/1"), thumbprint, "its calls go over the new certificate");
    await away.withdrawCa({ force: true });
    // The answer comes before the authority's own trust changes, and with that what it publishes.
    let left = 0;
    for (let i = 0; i < 500 && left !== 1; i++) {
      const { federation } = await home.refreshFederation({ trustDomain: "partner" });
      left = federation?.caCertificates.length ?? 0;
    }
    assert.equal(left, 1);
    await changed(server, () => cas() === 1);
    await abroad.echo({});
    const both = [foreign.next(), homely.next()];
    ticks.emit("tick");
    for (const next of both) assert.equal((await next).value.reason, "next");

    const ended = assert.rejects(foreign.next(), { code: "UNAUTHENTICATED", reason: "IDENTITY_REVOKED" });
    await home.revokeFederation({ trustDomain: "partner", reason: "the end" });
    await ended;
    await assert.rejects(abroad.echo({}));
    await assert.rejects(home.refreshFederation({ trustDomain: "partner" }), { code: "NOT_FOUND" });
    const next = homely.next();
    ticks.emit("tick");
    assert.equal((await next).value.reason, "next");
    await own.client(EchoService, address).echo({});
  });

  it("keep their OAuth endpoints closed to each other's bots", async () => {
    const token = ({ identity, spiffeId }: Bot) => {
      const form = {
        grant_type: "client_credentials",
        client_id: spiffeId.uri,
        scope: "echo:call",
        audience: Echo.name,
      };
      return ask(cafe.authority, "/token", { identity: identity.current(), form });
    };
    assert.equal((await token(await cafe.bot("home/1"))).status, 200);
    await assert.rejects(token(await partner.bot("orders/1")));
  });

  it("keep a bundle that cannot be fetched, and say so", async () => {
    await partner.authority.close();
    await assert.rejects(home.refreshFederation({ trustDomain: "partner" }), { code: "UNAVAILABLE" });
    const { federations } = await home.listFederations({});
    assert.equal(federations[0]?.caCertificates.length, 1);
    assert.match(federations[0]?.failure ?? "", /gives no bundle/);
    assert.ok(federations[0]?.failedAt);
    // The next turn of the authority's housekeeping says so.
    const told = ann.client(Health, cafe.authority.address).watch({ service: federationHealthName });
    for await (const { status } of told as AsyncIterable<{ status: number }>) if (status === notServing) return;
    assert.fail("it was never told");
  });
});
