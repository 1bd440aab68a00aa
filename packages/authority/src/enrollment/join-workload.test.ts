import assert from "node:assert/strict";
import { createCsr, createKeyPair, type KeyPair } from "@interlock/bot";
import { caDigest, type Workload } from "@interlock/bot/internal";
import { createJoinToken } from "../join-tokens/create-join-token.js";
import { prune } from "../prune.js";
import { openTestCa } from "../testing/open-test-ca.js";
import { describeOnEach, type TestStore } from "../testing/test-store.js";
import { type EnrollmentBasis, join } from "./join.js";
import { joinWorkload } from "./join-workload.js";

const start = Date.UTC(2030, 0, 1);
const minute = 60_000;
const trustDomain = "cafe";
const name = "arm/arm-0";
const account = "system:serviceaccount:plant:arm";

describeOnEach("joining as a workload", (createStore) => {
  let place: TestStore;
  let basis: EnrollmentBasis;
  beforeEach(async () => {
    place = await createStore();
    const store = await place.open();
    basis = { store, ca: await openTestCa(store, place.vault(store), start), trustDomain, renewAfterExpiryMs: 0 };
  });
  afterEach(async () => {
    await basis.store.close();
    await place.remove();
  });

  const pod = (podUid: string, token: string, more: Partial<Workload> = {}): Workload => {
    return { issuer: "https://k8s", account, pod: "arm-0", podUid, tokenId: token, issuedAt: start, ...more };
  };
  async function enter(workload: Workload, now = start, keys?: KeyPair, asked?: string) {
    const csr = await createCsr(keys ?? (await createKeyPair()), `spiffe://cafe/${name}`);
    return joinWorkload(basis, { workload, name, csr, ...(asked !== undefined && { asked }) }, now);
  }
  const joined = { reason: "WORKLOAD_JOINED", code: "UNAUTHENTICATED" };
  const notAdmitted = { reason: "WORKLOAD_NOT_ADMITTED", code: "PERMISSION_DENIED" };

  it("gives a certificate, with the pod in the audit log and no token", async () => {
    const { leaf, generation } = await enter(pod("uid-1", "token-1"));
    assert.deepEqual([leaf.uris, generation], [[`spiffe://cafe/${name}`], 1]);
    const [record] = (await basis.store.auditLog.list(0, 1_000)).slice(-1);
    const details = JSON.parse(record?.details ?? "{}");
    assert.deepEqual([record?.kind, details.account, details.podUid], ["join", account, "uid-1"]);
  });

  it("answers the same key again, after a lost answer, and begins a new generation", async () => {
    const keys = await createKeyPair();
    await enter(pod("uid-1", "token-1"), start, keys);
    assert.equal((await enter(pod("uid-1", "token-1"), start + 1, keys)).generation, 2);
    assert.equal((await enter(pod("uid-1", "token-2"), start + 2, keys)).generation, 3);
    await assert.rejects(enter(pod("uid-1", "token-2"), start + 3), joined);
  });

  it("lets a pod in again with a new token once its certificate has ended, and never with the one that was used", async () => {
    const { leaf } = await enter(pod("uid-1", "token-1"));
    await assert.rejects(enter(pod("uid-1", "token-2"), leaf.notAfter - 1), joined);
    await assert.rejects(enter(pod("uid-1", "token-1"), leaf.notAfter), joined);
    await enter(pod("uid-1", "token-2"), leaf.notAfter);
  });

  it("gives the name to the next pod of the account at once, and never back", async () => {
    await enter(pod("uid-1", "token-1"));
    assert.equal((await enter(pod("uid-2", "token-2"))).generation, 2);
    await assert.rejects(enter(pod("uid-1", "token-3", { issuedAt: start + minute }), start + minute), joined);
    await assert.rejects(enter(pod("uid-3", "token-4", { issuedAt: start - 1_000 })), joined);
    const { leaf } = await enter(pod("uid-3", "token-5", { issuedAt: start + minute }), start + minute);
    // Also not after the certificate of the present pod has ended, as in an outage.
    await assert.rejects(enter(pod("uid-1", "token-6", { issuedAt: leaf.notAfter }), leaf.notAfter), joined);
  });

  it("does not give it to another account, or another cluster, while the certificate is valid", async () => {
    const { leaf } = await enter(pod("uid-1", "token-1"));
    const other = pod("uid-2", "token-2", { account: "system:serviceaccount:visitors:arm" });
    await assert.rejects(enter(other), notAdmitted);
    await assert.rejects(enter(pod("uid-1", "token-2", { issuer: "https://other" })), notAdmitted);
    await enter(other, leaf.notAfter);
  });

  it("does not take a name from a bot with a join token, and gives none to its account any more", async () => {
    await enter(pod("uid-1", "token-1"));
    const create = { ...basis, caDigest: caDigest(basis.ca.pinned), name, ttlMs: undefined, uses: undefined };
    const { joinToken } = await createJoinToken({ ...create, now: start, by: "me" });
    const csr = await createCsr(await createKeyPair(), `spiffe://cafe/${name}`);
    await join(basis, { joinToken, csr }, start);
    await assert.rejects(enter(pod("uid-1", "token-2")), joined);
    await assert.rejects(enter(pod("uid-2", "token-3")), notAdmitted);
  });

  it("takes no other name than that of the rule", async () => {
    await enter(pod("uid-1", "token-1"), start, undefined, name);
    await assert.rejects(enter(pod("uid-2", "token-2"), start, undefined, "arm/arm-1"), notAdmitted);
  });

  it("changes nothing when it refuses", async () => {
    const csr = await createCsr(await createKeyPair(), "spiffe://cafe/arm/other");
    const attempt = joinWorkload(basis, { workload: pod("uid-1", "token-1"), name, csr }, start);
    await assert.rejects(attempt, { reason: "CSR_REJECTED" });
    await enter(pod("uid-1", "token-1"));
  });

  it("decides one after the other when two keys come with one token at once", async () => {
    const attempts = await Promise.allSettled([1, 2, 3, 4].map(() => enter(pod("uid-1", "token-1"))));
    assert.equal(attempts.filter(({ status }) => status === "fulfilled").length, 1);
  });

  it("signs nothing for a pod that is refused", async () => {
    await enter(pod("uid-1", "token-1"));
    const ca = { ...basis.ca, issueLeaf: () => assert.fail("signed") };
    const csr = await createCsr(await createKeyPair(), `spiffe://cafe/${name}`);
    await assert.rejects(
      joinWorkload({ ...basis, ca }, { workload: pod("uid-1", "token-2"), name, csr }, start),
      joined,
    );
  });

  it("remembers a superseded pod, which gets new tokens for as long as it lives, as long as the audit log", async () => {
    await enter(pod("uid-1", "token-1"));
    await enter(pod("uid-2", "token-2"), start + 1);
    const day = 24 * 60 * minute;
    const pruneAt = (now: number) =>
      basis.store.transaction((records) =>
        prune(records, { now, retentionMs: 400 * day, renewAfterExpiryMs: 0, trustDomain, actor: "me" }),
      );
    for (const age of [2, 300]) {
      const now = start + age * day;
      await pruneAt(now);
      await assert.rejects(enter(pod("uid-1", `token-${age}`, { issuedAt: now }), now), joined);
    }
    assert.equal((await basis.store.workloads.holder(name))?.tokenId, "token-2");
    await pruneAt(start + 401 * day);
    await enter(pod("uid-1", "token-4", { issuedAt: start + 2 }), start + 401 * day);
  });
});
