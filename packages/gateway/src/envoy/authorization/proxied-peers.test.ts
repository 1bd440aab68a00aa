import assert from "node:assert/strict";
import { certificatesToPem, type Identity, InterlockError } from "@interlock/bot";
import { denial } from "@interlock/bot/internal";
import { certificateAttacks, createTestCa, createTestFleet, type TestFleet } from "@interlock/bot/testing";
import { createProxiedPeers } from "./proxied-peers.js";

const call = ({ chain }: Pick<Identity, "chain">, principal: string) => ({
  forwarded: `Hash=00;Chain="${encodeURIComponent(certificatesToPem(chain))}"`,
  principal,
  address: "10.0.0.9:40000",
});

describe("createProxiedPeers", () => {
  let fleet: TestFleet;
  let caller: Identity;
  const clock = { at: Date.now(), now: () => clock.at };
  beforeEach(async () => {
    fleet = await createTestFleet();
    caller = await fleet.ca.issue("spiffe://test/caller/1");
    clock.at = Date.now();
  });
  const peers = () => createProxiedPeers(fleet.trust, clock);
  const refusedAs = (reason: string) => (thrown: unknown) => {
    const error = InterlockError.from(thrown);
    assert.deepEqual([error.code, error.reason], ["UNAUTHENTICATED", reason]);
    return true;
  };

  it("verifies a certificate once, and knows it then", () => {
    const { find } = peers();
    const connection = find(call(caller, caller.spiffeId.uri));
    assert.equal(connection.peer.name, "caller/1");
    assert.equal(find(call(caller, caller.spiffeId.uri)), connection);
  });

  it("refuses every certificate of the contract's attacks", async () => {
    const { find } = peers();
    for (const { attack, make, reason } of certificateAttacks) {
      if (reason === "CERTIFICATE_UNTRUSTED") continue; // TLS finds these.
      const shown = call(await make(fleet.ca), caller.spiffeId.uri);
      const expected = shown.forwarded.length > 32_768 ? "CERTIFICATE_MALFORMED" : reason;
      assert.throws(() => find(shown), refusedAs(expected), attack);
    }
  });

  it("refuses a certificate of another CA, and one that the proxy says is another's", async () => {
    const { find } = peers();
    const stranger = await (await createTestCa()).issue("spiffe://test/caller/1");
    assert.throws(() => find(call(stranger, caller.spiffeId.uri)), refusedAs("CERTIFICATE_UNTRUSTED"));
    assert.throws(() => find(call(caller, "spiffe://test/caller/2")), refusedAs("CERTIFICATE_MALFORMED"));
  });

  it("refuses a revoked bot that it does not know yet", () => {
    fleet.revoke("identity", caller.spiffeId.uri);
    assert.throws(() => peers().find(call(caller, caller.spiffeId.uri)), refusedAs("IDENTITY_REVOKED"));
  });

  it("keeps a caller cut off for a second", async () => {
    const { find } = peers();
    const connection = find(call(caller, caller.spiffeId.uri));
    await connection.cut(denial("RATE_LIMITED"));
    assert.equal(find(call(caller, caller.spiffeId.uri)).ended?.reason, "RATE_LIMITED");
    clock.at += 1_000;
    assert.equal(find(call(caller, caller.spiffeId.uri)).ended, undefined);
  });

  it("forgets all when a CA is withdrawn", async () => {
    const { find } = peers();
    find(call(caller, caller.spiffeId.uri));
    const { state } = fleet.trust;
    fleet.trust.replace({ ...state, caCertificates: [(await createTestCa()).der] });
    assert.throws(() => find(call(caller, caller.spiffeId.uri)), refusedAs("CERTIFICATE_UNTRUSTED"));
  });
});
