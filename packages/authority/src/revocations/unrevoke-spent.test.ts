import assert from "node:assert/strict";
import type { Store } from "../store/store.js";
import { describeOnEach, type TestStore } from "../testing/test-store.js";
import { openTrustHub, type TrustHub } from "../trust-hub/trust-hub.js";
import { revoke } from "./revoke.js";
import { unrevokeSpent } from "./unrevoke-spent.js";

describeOnEach("unrevokeSpent", (create) => {
  const minute = 60_000;
  const clock = { at: Date.UTC(2030, 0, 1), now: () => clock.at };
  let place: TestStore;
  let store: Store;
  let hub: TrustHub;
  before(async () => {
    place = await create();
    store = await place.open();
    await store.fleet.create("cafe", clock.now());
    const basis = { trustDomain: "cafe", issuer: "i", caCertificates: [], staleAfterMs: 60_000 };
    hub = await openTrustHub(store, basis, clock);
  });
  after(async () => {
    hub.close();
    await store.close();
    await place.remove();
  });

  const unrevoke = async () => {
    await store.transaction((records) => unrevokeSpent(records, clock.now(), "spiffe://cafe/interlock/authority"));
    await hub.refresh();
  };
  const forGood = ["of unknown expiry", "spiffe://cafe/a"];
  const revoked = () => hub.trust.state.revocations.map(({ subject }) => subject);

  it("unrevokes a token when none with its id can be valid, and nothing else, and forgets it in a day", async () => {
    const revokeUntil = (kind: "token" | "identity", subject: string, expiresAt?: number) =>
      revoke({ store, hub }, { kind, subject }, "test", clock.now(), "x", expiresAt);
    await revokeUntil("token", "old", clock.now() + 5 * minute);
    await revokeUntil("identity", "spiffe://cafe/a");
    await revokeUntil("token", "of unknown expiry");
    clock.at += 2 * minute;
    await revokeUntil("token", "new", clock.now() + 5 * minute);
    clock.at += 4 * minute;
    await unrevoke();
    assert.deepEqual(revoked().sort(), ["new", ...forGood, "old"].sort(), "not yet");
    const { version } = hub.trust.state;
    clock.at += 1;
    await unrevoke();
    assert.deepEqual(revoked().sort(), ["new", ...forGood].sort());
    const updates = hub.watch(version, new AbortController().signal, "spiffe://cafe/a");
    const { value } = await updates.next();
    assert.deepEqual(
      value?.unrevoked.map(({ subject }) => subject),
      ["old"],
      "bots are told",
    );

    clock.at += 25 * 60 * minute;
    await unrevoke();
    await unrevoke();
    assert.deepEqual(revoked().sort(), forGood);
    const rows = await store.revocations.since(0);
    assert.deepEqual(rows.map(({ subject }) => subject).sort(), ["new", ...forGood], "new was unrevoked just now");
    await updates.return();
  });
});
