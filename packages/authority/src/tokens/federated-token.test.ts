import assert from "node:assert/strict";
import type { Certificate } from "@interlock/bot";
import { createTestCa } from "@interlock/bot/testing";
import { federatedId, parseSpiffeId, type SpiffeId, spiffeId } from "@interlock/policy";
import { addFederation } from "../federation/add-federation.js";
import { openGrantStore } from "../grants/grant-store.js";
import type { Store } from "../store/store.js";
import { createAuthorityCounts } from "../telemetry/authority-counts.js";
import { describeOnEach, type TestStore } from "../testing/test-store.js";
import { openTrustHub, type TrustHub } from "../trust-hub/trust-hub.js";
import { createTokenIssuer, type TokenIssuer } from "./token-issuer.js";
import { loadOrCreateTokenSigner } from "./token-signer.js";

describeOnEach("tokens for bots of a federated trust domain", (create) => {
  const now = 1_000_000;
  const clock = { now: () => now };
  let place: TestStore;
  let store: Store;
  let hub: TrustHub;
  let issuer: TokenIssuer;
  let used: string[];

  beforeEach(async () => {
    used = [];
    place = await create();
    store = await place.open();
    await store.fleet.create("cafe", now);
    const basis = { trustDomain: "cafe", issuer: "spiffe://cafe/interlock/authority", staleAfterMs: 60_000 };
    hub = await openTrustHub(store, basis, clock);
    const { der } = await createTestCa("partner");
    const bundle = { caCertificates: [der] };
    const named = { trustDomain: "partner", services: ["a.v1.B"], identities: ["spiffe://partner/**"] };
    await addFederation(store, { ...named, endpoint: undefined, bundle }, now, "me");
    await hub.refresh();
    const grants = await openGrantStore(store);
    await grants.apply('grants: {"**": {a.v1.B: ["a:b"]}, "spiffe://partner/**": {a.v1.B: ["a:b"]}}', "me", now);
    issuer = createTokenIssuer({
      store,
      grants,
      hub,
      clock,
      signer: await loadOrCreateTokenSigner(store, clock, place.vault(store)),
      certificateUse: { record: async ({ spiffeId }) => void used.push(spiffeId.uri) },
      counts: createAuthorityCounts(),
      tokenTtlMs: 600_000,
      tokenRate: { burst: 2, perSecond: 1 },
    });
  });
  afterEach(async () => {
    hub.close();
    await store.close();
    await place.remove();
  });

  const issueTo = (id: SpiffeId) => {
    const certificate = { serial: "4f", thumbprint: "t", notAfter: now + 3_600_000 } as Certificate;
    return issuer.issue({ spiffeId: id, certificate }, "a.v1.B", ["a:b"]);
  };
  const partner = (name: string) => federatedId(parseSpiffeId(`spiffe://partner/${name}`) as SpiffeId);

  it("look up no certificate by a serial number, which another CA has chosen", async () => {
    assert.deepEqual((await issueTo(partner("orders/1"))).scopes, ["a:b"]);
    assert.deepEqual(used, []);
    await issueTo(spiffeId("cafe", "orders/1"));
    assert.deepEqual(used, ["spiffe://cafe/orders/1"]);
  });

  it("have the rate of each bot, and one of all bots of the domain, which costs the own bots nothing", async () => {
    for (let i = 0; i < 2; i++) await issueTo(partner("orders/0"));
    await assert.rejects(issueTo(partner("orders/0")), { reason: "RATE_LIMITED" });
    await Promise.all(Array.from({ length: 498 }, (_, i) => issueTo(partner(`orders/${i + 1}`))));
    await assert.rejects(issueTo(partner("orders/499")), { reason: "RATE_LIMITED" });
    await issueTo(spiffeId("cafe", "orders/499"));
  });
});
