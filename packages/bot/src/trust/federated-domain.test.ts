import assert from "node:assert/strict";
import { type FederatedDomain, sameFederated } from "./federated-domain.js";

describe("sameFederated", () => {
  const domain: FederatedDomain = {
    trustDomain: "partner",
    caCertificates: [Uint8Array.of(1, 2), Uint8Array.of(3)],
    services: ["orders.v1.OrderService"],
    identities: ["spiffe://partner/orders/*"],
    since: 1_000,
  };

  it("compares bytes as bytes, whichever class holds them", () => {
    const received = { ...domain, caCertificates: domain.caCertificates.map((der) => Buffer.from(der)) };
    assert.ok(sameFederated([domain], [received]));
    assert.ok(sameFederated([{ ...domain, since: Number.NaN }], [{ ...received, since: Number.NaN }]));
  });

  it("tells a change of any part", () => {
    const changes: Partial<FederatedDomain>[] = [
      { trustDomain: "partner2" },
      { caCertificates: [Uint8Array.of(1, 2), Uint8Array.of(4)] },
      { caCertificates: [Uint8Array.of(1, 2)] },
      { services: [] },
      { identities: ["spiffe://partner/orders/1"] },
      { since: 1_001 },
    ];
    for (const change of changes)
      assert.ok(!sameFederated([domain], [{ ...domain, ...change }]), JSON.stringify(change));
    assert.ok(!sameFederated([domain], []));
    assert.ok(!sameFederated([domain], [domain, { ...domain, trustDomain: "other" }]));
  });
});
