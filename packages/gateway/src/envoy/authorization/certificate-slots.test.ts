import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createObservable, silentLog } from "@interlock/bot";
import { createTestCa } from "@interlock/bot/testing";
import { openCertificateSlots } from "./certificate-slots.js";
import { createSecretFiles } from "./secret-files.js";

describe("openCertificateSlots", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-slots-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const closes = new AbortController();
  after(() => closes.abort());
  const { signal } = closes;
  const chainIn = async (file: string) =>
    JSON.parse(await readFile(join(folder, file), "utf8")).resources[0].tls_certificate.certificate_chain.inline_string;

  it("puts each certificate into the next slot, leaves the one before it, and is ready once the files are written", async () => {
    const ca = await createTestCa();
    const issue = () => ca.issue("spiffe://test/gateway/1");
    const identity = createObservable(await issue());
    const clock = { now: () => Date.now() };
    const files = createSecretFiles(folder);
    const slots = await openCertificateSlots({ identity, files, clock, log: silentLog, signal, settleMs: 0 });
    try {
      const first = identity.current();
      assert.deepEqual([slots.current.slot, slots.current.thumbprint], [0, first.leaf.thumbprint]);
      const before = await chainIn("upstream-0.json");
      identity.replace(await issue());
      const second = identity.current();
      const taken = slots.find(second.leaf.thumbprint);
      assert.equal(taken?.slot, 1);
      assert.equal(slots.current.slot, 0, "Envoy does not have it yet");
      await taken?.ready;
      assert.equal(slots.current.slot, 1);
      assert.equal(await chainIn("upstream-0.json"), before, "calls under way have the old one");
      const now = await chainIn("upstream-1.json");
      assert.notEqual(now, before);
      assert.deepEqual([await chainIn("identity.json"), await chainIn("upstream-2.json")], [now, now]);
      assert.equal((await stat(join(folder, "upstream-1.json"))).mode & 0o777, 0o600);
      identity.replace(await issue());
      identity.replace(await issue());
      assert.equal(slots.find(identity.current().leaf.thumbprint)?.slot, 0);
      assert.equal(slots.find(first.leaf.thumbprint), undefined, "its slot has been taken");
      await slots.find(identity.current().leaf.thumbprint)?.ready;
    } finally {
    }
  });

  it("misses no certificate that comes while the first is written", async () => {
    const ca = await createTestCa();
    const identity = createObservable(await ca.issue("spiffe://test/gateway/1"));
    const next = await ca.issue("spiffe://test/gateway/1");
    const files = createSecretFiles(folder);
    const writeIdentity: typeof files.writeIdentity = async (written) => {
      await files.writeIdentity(written);
      if (written !== next) identity.replace(next);
    };
    const clock = { now: () => Date.now() };
    const options = { identity, files: { ...files, writeIdentity }, clock, log: silentLog, signal, settleMs: 0 };
    const slots = await openCertificateSlots(options);
    const taken = slots.find(next.leaf.thumbprint);
    assert.equal(taken?.slot, 1);
    await taken?.ready;
  });

  it("uses a certificate for three quarters of its life", async () => {
    const ca = await createTestCa();
    const clock = { now: () => Math.floor(Date.now() / 1_000) * 1_000 };
    const notAfter = clock.now() + 100_000;
    const identity = createObservable(await ca.issue("spiffe://test/gateway/1", { notAfter }));
    const at = clock.now();
    const slots = await openCertificateSlots({
      identity,
      files: createSecretFiles(folder),
      clock: { now: () => at },
      log: silentLog,
      signal,
      settleMs: 0,
    });
    assert.equal(slots.current.until, at + (identity.current().leaf.notAfter - at) * 0.75);
  });
});
