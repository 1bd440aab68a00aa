import assert from "node:assert/strict";
import { createTestCa } from "@interlock/bot/testing";
import type { Store } from "../store/store.js";
import { describeOnEach, type TestStore } from "../testing/test-store.js";
import { openTrustHub } from "../trust-hub/trust-hub.js";
import { addFederation, type NewFederation } from "./add-federation.js";
import { refuseLikeFederated } from "./refuse-like-federated.js";
import { revokeFederation } from "./revoke-federation.js";
import { saveBundle, saveFailure } from "./save-bundle.js";

const [{ der: first }, { der: second }, { der: third }] = await Promise.all([
  createTestCa("first"),
  createTestCa("second"),
  createTestCa("third"),
]);

const endpoint = { url: "https://partner/bundle", profile: "https_web" } as const;
const relation: NewFederation = {
  trustDomain: "partner",
  services: ["a.B"],
  identities: ["spiffe://partner/**"],
  endpoint,
  bundle: { caCertificates: [first], sequence: 2n ** 62n },
};

describeOnEach("relations to other trust domains", (create) => {
  let place: TestStore;
  let store: Store;

  beforeEach(async () => {
    place = await create();
    store = await place.open();
    await store.fleet.create("cafe", 1);
  });
  afterEach(async () => {
    await store.close();
    await place.remove();
  });

  const add = (more: Partial<NewFederation> = {}, now = 10) =>
    addFederation(store, { ...relation, ...more }, now, "me");
  const held = { caCertificates: [first], sequence: 2n ** 62n };
  const read = { trustDomain: "partner", endpoint, bundle: held, fetchedAt: 10 };
  const save = (caCertificates: readonly Uint8Array[], sequence?: bigint, as: object = {}) =>
    saveBundle(store, { ...read, ...as }, { caCertificates, ...(sequence !== undefined && { sequence }) }, 20, "me");

  it("go to every bot with the next version of the trust, and leave with the one after", async () => {
    const basis = { trustDomain: "cafe", issuer: "spiffe://cafe/interlock/authority", staleAfterMs: 60_000 };
    const hub = await openTrustHub(store, basis, { now: () => 10 });
    const { trustVersion } = await add();
    await hub.refresh();
    const { state } = hub.complete();
    assert.equal(state.version, BigInt(trustVersion));
    const { endpoint: _, bundle, ...said } = relation;
    assert.deepEqual(state.federated, [{ ...said, caCertificates: bundle?.caCertificates, since: 10 }]);
    await revokeFederation(store, { trustDomain: "partner", reason: "" }, 30, "me");
    await hub.refresh();
    assert.deepEqual(hub.trust.state.federated, []);
    assert.ok(hub.trust.state.version > state.version);
    hub.close();
  });

  it("tell bots of a bundle only where its certificates have changed", async () => {
    const { trustVersion } = await add();
    const version = async () => (await store.fleet.get())?.trustVersion;
    assert.equal(await save([first], 2n ** 62n), false);
    assert.equal(await version(), trustVersion);
    assert.equal((await store.federations.find("partner"))?.fetchedAt, 20);
    assert.equal(await save([second], 2n ** 62n + 1n), true);
    assert.equal(await version(), trustVersion + 1);
  });

  it("take no older bundle, none for what was read before a change, and none after the domain was revoked", async () => {
    await add();
    await assert.rejects(save([second], 2n ** 62n - 1n), { code: "FAILED_PRECONDITION" });
    await assert.rejects(save([second]), { code: "FAILED_PRECONDITION" });
    const before = [
      { endpoint: { ...endpoint, url: "https://other/" } },
      { endpoint: { ...endpoint, profile: "https_spiffe", spiffeId: "spiffe://partner/a" } },
      { bundle: { ...held, caCertificates: [third] } },
      { bundle: { ...held, sequence: 1n } },
    ];
    for (const as of before) await assert.rejects(save([second], 2n ** 62n + 1n, as), { code: "ABORTED" });
    await revokeFederation(store, { trustDomain: "partner", reason: "" }, 30, "me");
    await assert.rejects(save([second], 2n ** 62n + 1n), { code: "ABORTED" });
    const row = await store.federations.find("partner");
    assert.deepEqual([row?.caCertificates, row?.revokedAt, row?.revokedBy], ["[]", 30, "me"]);
  });

  it("keep the bundle when it cannot be fetched, with the failure", async () => {
    await add();
    await saveFailure(store, "partner", "away".repeat(1_000), 40);
    const row = await store.federations.find("partner");
    assert.deepEqual([row?.failedAt, row?.failure.length, row?.fetchedAt], [40, 500, 10]);
    assert.equal(row?.caCertificates, JSON.stringify([Buffer.from(first).toString("base64")]));
    const { row: same } = await add({ bundle: undefined });
    assert.equal(same.failedAt, 40, "of the same endpoint");
    const { row: other } = await add({ bundle: undefined, endpoint: { ...endpoint, url: "https://other/" } });
    assert.deepEqual([other.failedAt, other.failure], [null, ""], "nothing has failed at another endpoint");
  });

  it("have a new beginning after they were revoked, and the same one when they are changed", async () => {
    await add({}, 10);
    assert.equal((await add({ bundle: undefined }, 20)).row.since, 10);
    await revokeFederation(store, { trustDomain: "partner", reason: "" }, 30, "me");
    await assert.rejects(add({ bundle: undefined }, 40), { code: "FAILED_PRECONDITION" });
    assert.equal((await add({}, 40)).row.since, 1_000, "tokens name the second");
    await revokeFederation(store, { trustDomain: "partner", reason: "" }, 2_500, "me");
    assert.equal((await add({}, 3_001)).row.since, 3_001);
  });

  it("are bounded in number and in bytes", async () => {
    for (let i = 0; i < 64; i++) await add({ trustDomain: `p${i}` });
    await assert.rejects(add(), { code: "RESOURCE_EXHAUSTED" });
    await add({ trustDomain: "p1" }); // One that is there can be changed.
    await revokeFederation(store, { trustDomain: "p0", reason: "" }, 30, "me");
    await assert.rejects(add({ bundle: { caCertificates: [new Uint8Array(131_073)] } }), {
      code: "RESOURCE_EXHAUSTED",
    });
    await add();
    await assert.rejects(save([new Uint8Array(131_073)], 2n ** 62n + 1n), { code: "RESOURCE_EXHAUSTED" });
  });

  it("are bounded in the names that every update has", async () => {
    const identities = Array.from({ length: 30 }, (_, i) => `spiffe://partner/${i}${"x".repeat(1_000)}/*`);
    await add({ identities });
    const services = Array.from({ length: 64 }, (_, i) => `a${i}.${"b".repeat(250)}`);
    const more = (i: number) => add({ trustDomain: `p${i}`, services });
    await Promise.all([more(1), more(2)]);
    await assert.rejects(more(3), { code: "RESOURCE_EXHAUSTED", message: /services and identity patterns/ });
    assert.equal(await save([second], 2n ** 62n + 1n), true);
  });

  it("keep a CA out of this fleet that one of theirs could be taken for", async () => {
    const [mimic, other] = await Promise.all([createTestCa("FIRST"), createTestCa("other")]);
    await refuseLikeFederated(store, [mimic.der]);
    await add();
    await assert.rejects(refuseLikeFederated(store, [other.der, mimic.der]), {
      code: "FAILED_PRECONDITION",
      message: /federated domain partner .* federation revoke partner/,
    });
    await refuseLikeFederated(store, [other.der, first]); // The same one is none that it could be taken for.
    await revokeFederation(store, { trustDomain: "partner", reason: "" }, 30, "me");
    await refuseLikeFederated(store, [mimic.der]);
  });

  it("take no CA that could be taken for one of the fleet, or of another domain", async () => {
    const { der: alike } = await createTestCa("FIRST");
    await add();
    const other = { trustDomain: "third", identities: ["spiffe://third/**"], bundle: { caCertificates: [alike] } };
    await assert.rejects(add(other), { code: "FAILED_PRECONDITION", message: /name of its own/ });
    await add({ ...other, bundle: { caCertificates: [first] } }); // The same one may speak for both.
    const [own, mimic] = await Promise.all([createTestCa("Our CA"), createTestCa("our ca")]);
    await store.caCertificates.add({
      digest: "d",
      certificate: Buffer.from(own.der).toString("base64"),
      createdAt: 1,
      notAfter: 2 ** 42,
      root: "d",
      issuers: "",
      keyName: "k",
      activatedAt: 1,
    });
    await assert.rejects(save([mimic.der], 2n ** 62n + 1n), {
      code: "FAILED_PRECONDITION",
      message: /name of its own/,
    });
    assert.equal(await save([second], 2n ** 62n + 1n), true);
  });

  it("are on record after they were revoked, the latest 256 of them", async () => {
    for (let i = 0; i < 300; i++) {
      await add({ trustDomain: `p${i}` });
      await revokeFederation(store, { trustDomain: `p${i}`, reason: "" }, 1_000 + i, "me");
    }
    await add();
    const rows = await store.federations.page({ after: undefined, limit: 1_000 });
    assert.equal(rows.length, 257);
    assert.equal(
      rows.some(({ trustDomain }) => trustDomain === "p299"),
      true,
    );
  });
});
