import assert from "node:assert/strict";
import { createCsr, createKeyPair, InterlockError } from "@interlock/bot";
import { caDigest } from "@interlock/bot/internal";
import { spiffeId } from "@interlock/policy";
import { createJoinToken } from "../join-tokens/create-join-token.js";
import { openTestCa } from "../testing/open-test-ca.js";
import { describeOnEach, type TestStore } from "../testing/test-store.js";
import { createCertificateUse } from "./certificate-use.js";
import { type EnrollmentBasis, join } from "./join.js";
import { renew } from "./renew.js";

const now = Date.UTC(2030, 0, 1);
const trustDomain = "cafe";
const id = spiffeId(trustDomain, "gripper/1");

describeOnEach("renewal", (create) => {
  let place: TestStore;
  let basis: EnrollmentBasis;
  let alarms = 0;
  beforeEach(async () => {
    alarms = 0;
    place = await create();
    const store = await place.open();
    await store.fleet.create(trustDomain, now);
    basis = { store, trustDomain, renewAfterExpiryMs: 0, ca: await openTestCa(store, place.vault(store), now) };
  });
  afterEach(async () => {
    await basis.store.close();
    await place.remove();
  });

  const csr = async () => createCsr(await createKeyPair(), id.uri);
  // Each returns the serial number of the issued certificate.
  const enter = async () => {
    const options = { ...basis, caDigest: caDigest(basis.ca.pinned), name: id.name, now, by: "me" };
    const { joinToken } = await createJoinToken(options);
    return (await join(basis, { joinToken, csr: await csr() }, now)).leaf.serial;
  };
  const over = async (serial: string) =>
    (await renew(basis, { spiffeId: id, certificate: { serial } }, await csr(), now)).leaf.serial;
  const use = (serial: string) =>
    createCertificateUse({ store: basis.store, clock: { now: () => now }, alarm: () => alarms++ }).record({
      spiffeId: id,
      certificate: { serial },
    });
  const refused = (work: Promise<unknown>, reason: string) =>
    assert.rejects(work, (error) => {
      assert.ok(error instanceof InterlockError);
      assert.deepEqual([error.reason, error.code], [reason, "PERMISSION_DENIED"]);
      return true;
    });
  const revokedFor = async () => (await basis.store.revocations.find("identity", id.uri))?.reason;

  it("goes on from one certificate to the next, and counts them", async () => {
    const first = await enter();
    await use(first);
    const second = await over(first);
    await use(second);
    const third = await over(second);
    const { certificates } = basis.store;
    const generations = await Promise.all([first, second, third].map((serial) => certificates.find(serial)));
    assert.deepEqual(
      generations.map((row) => row?.generation),
      [1, 2, 3],
    );
    assert.equal(await revokedFor(), undefined);
  });

  it("revokes a bot whose older certificate is renewed when a newer one has been used", async () => {
    const copied = await enter();
    await use(await over(copied));
    await refused(over(copied), "CLONE_DETECTED");
    assert.match((await revokedFor()) ?? "", /clone detected/);
    assert.equal((await basis.store.fleet.get())?.trustVersion, 2);
    await assert.rejects(over(copied), { reason: "IDENTITY_REVOKED" });
  });

  it("revokes the bot as well when the clone was first, and whichever renews later is refused", async () => {
    const copied = await enter();
    const [clones, own] = [await over(copied), await over(copied)];
    await use(clones);
    await refused(over(own), "CLONE_DETECTED");
    assert.match((await revokedFor()) ?? "", /clone detected/);
  });

  it("takes a renewal as a use of the certificate over which it is asked for", async () => {
    const copied = await enter();
    const [clones, own] = [await over(copied), await over(copied)];
    await over(clones);
    await refused(over(own), "CLONE_DETECTED");
  });

  it("answers again, as often as it takes, when its answers are lost", async () => {
    const first = await enter();
    await use(first);
    for (let lost = 0; lost < 3; lost++) await over(first);
    const arrived = await over(first);
    await use(arrived);
    await use(await over(arrived));
    assert.equal(await revokedFor(), undefined);
  });

  it("does not take a certificate from before the bot joined again for a clone's", async () => {
    const before = await enter();
    await use(before);
    const after = await enter();
    await use(after);
    await refused(over(before), "CERTIFICATE_SUPERSEDED");
    assert.equal(await revokedFor(), undefined);
    await over(after);
  });

  it("renews over no certificate that it does not know, or that is another bot's", async () => {
    await enter();
    await refused(over("4f"), "CERTIFICATE_SUPERSEDED");
    const row = { name: "other/1", generation: 9, issuedAt: now, expiresAt: now, root: "" };
    await basis.store.certificates.add({ serial: "aa", ...row });
    await refused(over("aa"), "CERTIFICATE_SUPERSEDED");
    assert.equal(await revokedFor(), undefined);
  });

  it("revokes a bot whose older certificate is used, without a renewal, when it has renewed twice", async () => {
    const copied = await enter();
    await use(copied);
    const second = await over(copied);
    await use(second);
    await use(copied); // An old connection's last request, or a process that has not taken the new one over yet.
    const third = await over(second);
    await use(second);
    await use(third);
    await use(second);
    assert.equal(await revokedFor(), undefined);
    await refused(use(copied), "CLONE_DETECTED");
    assert.match((await revokedFor()) ?? "", /clone detected/);
    const kinds = (await basis.store.auditLog.list(0, 99)).map(({ kind }) => kind);
    assert.equal(kinds.at(-1), "clone");
    await assert.rejects(use(copied), { reason: "IDENTITY_REVOKED" });
    assert.equal(alarms, 1);
  });

  it("takes no lost answer, and no certificate from before the bot joined again, for a copy in use", async () => {
    const first = await enter();
    for (let lost = 0; lost < 5; lost++) await over(first);
    const second = await over(first);
    await use(second);
    await use(first);
    const again = await enter();
    await use(again);
    await use(await over(again));
    await use(first);
    await use("not on record");
    assert.equal(alarms, 0);
  });

  it("remembers certificateUse over a restart", async () => {
    const copied = await enter();
    await use(await over(copied));
    await basis.store.close();
    basis = { ...basis, store: await place.open() };
    await refused(over(copied), "CLONE_DETECTED");
  });
});
