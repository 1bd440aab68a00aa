import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WatchTrustResponse } from "../gen/interlock/authority/v1/trust.js";
import { type Certificate, parseCertificate } from "../identity/certificate.js";
import { createTestCa, type TestCa } from "../testing/test-ca.js";
import { applyTrustUpdate } from "./apply-update.js";
import { createTrust, type TrustChange, type TrustState } from "./trust.js";
import { createTrustFolder } from "./trust-folder.js";

describe("trust", () => {
  let ca: TestCa;
  let leaf: Certificate;
  let update: WatchTrustResponse;
  let state: TrustState;

  before(async () => {
    ca = await createTestCa();
    leaf = parseCertificate((await ca.issueRaw({ uris: ["spiffe://test/a"] })).der);
  });
  beforeEach(() => {
    update = WatchTrustResponse.fromPartial({
      appliesTo: 0n,
      resultsIn: 4n,
      trustDomain: "test",
      issuer: "https://test",
      caCertificates: [ca.der],
      jwks: '{"keys":[{"kty":"EC","kid":"1"}]}',
      revocations: [
        { subject: { $case: "identity", value: "spiffe://test/a" }, revokedAt: new Date(5), reason: "lost" },
      ],
      staleAfterSeconds: 60,
    });
    state = applyTrustUpdate(undefined, update);
  });

  const increment = (more: Partial<WatchTrustResponse> = {}): WatchTrustResponse => ({
    ...update,
    appliesTo: 4n,
    resultsIn: 5n,
    revocations: [{ subject: { $case: "token", value: "t" }, revokedAt: new Date(6), reason: "" }],
    ...more,
  });

  describe("an update", () => {
    it("that is complete replaces what was held, with no matter which version that was", () => {
      assert.deepEqual(state.revocations, [
        { kind: "identity", subject: "spiffe://test/a", revokedAt: 5, reason: "lost" },
      ]);
      assert.equal(state.version, 4n);
      assert.equal(state.staleAfterMs, 60_000);
      const next = applyTrustUpdate({ ...state, version: 99n }, { ...update, revocations: [] });
      assert.deepEqual(next.revocations, []);
      assert.equal(next.version, 4n);
    });

    it("that is incremental adds to what is held, and changes nothing of the old state", () => {
      const before = structuredClone(state);
      const next = applyTrustUpdate(state, increment());
      assert.deepEqual(
        next.revocations.map(({ kind }) => kind),
        ["identity", "token"],
      );
      assert.equal(next.version, 5n);
      assert.deepEqual(state, before);
    });

    const refused: [string, Partial<WatchTrustResponse>, RegExp][] = [
      ["for another version", { appliesTo: 3n }, /for version 3, and version 4 is held/],
      ["for another trust domain", { trustDomain: "other" }, /"other"/],
      ["for what cannot be a trust domain", { trustDomain: "" }, /""/],
      ["without an issuer", { issuer: "" }, /issuer/],
      ["without a CA", { caCertificates: [] }, /CA/],
      ["with a CA that cannot be read", { caCertificates: [Uint8Array.of(1, 2)] }, /./],
      ["with no JSON for keys", { jwks: "" }, /JSON/],
      ["with no list of keys", { jwks: "{}" }, /token keys/],
      ["with null for keys", { jwks: "null" }, /token keys/],
      ["with a key that is null", { jwks: '{"keys":[null]}' }, /key without a name/],
      ["with a key that is a number", { jwks: '{"keys":[1]}' }, /key without a name/],
      ["with a key that is text", { jwks: '{"keys":["kid"]}' }, /key without a name/],
      ["with a key without a name", { jwks: '{"keys":[{"kid":"1"},{"kty":"EC"}]}' }, /key without a name/],
      ["without a bound for staleness", { staleAfterSeconds: 0 }, /bound/],
    ];
    for (const [name, more, message] of refused) {
      it(`is refused: ${name}`, () => {
        assert.ok(applyTrustUpdate(state, increment()));
        assert.throws(() => applyTrustUpdate(state, increment(more)), message);
      });
    }

    it("that is the first is refused for what cannot be a trust domain", () => {
      const first = { ...update, trustDomain: "Test" };
      assert.throws(() => applyTrustUpdate(undefined, first), /"Test", which is no trust domain/);
    });

    it("passes over a revocation of nothing, and reads no CA again that is held", () => {
      const odd = Uint8Array.of(1, 2);
      const held = { ...state, caCertificates: [ca.der, odd] };
      const nothing = { subject: undefined, revokedAt: undefined, reason: "" };
      const next = applyTrustUpdate(held, increment({ caCertificates: [odd], revocations: [nothing] }));
      assert.deepEqual(
        next.revocations.map(({ kind }) => kind),
        ["identity"],
      );
      assert.throws(() => applyTrustUpdate(held, increment({ caCertificates: [odd, Uint8Array.of(3)] })));
    });

    it("that is incremental is refused where nothing is held", () => {
      assert.throws(() => applyTrustUpdate(undefined, increment()), /version 0 is held/);
    });
  });

  it("knows what is revoked, by each of its names and no other", () => {
    const trust = createTrust({ ...state, revocations: [] });
    assert.equal(trust.peerRevoked("spiffe://test/a", leaf), undefined);
    const revocations = (["identity", "certificate", "token"] as const).map((kind) => ({
      kind,
      subject: { identity: "spiffe://test/a", certificate: leaf.serial, token: "t" }[kind],
      revokedAt: 0,
      reason: "",
    }));
    trust.replace({ ...state, revocations: revocations.slice(0, 1) });
    assert.equal(trust.peerRevoked("spiffe://test/a", leaf), "IDENTITY_REVOKED");
    assert.equal(trust.peerRevoked("spiffe://test/a/b", leaf), undefined);
    trust.replace({ ...state, revocations: revocations.slice(1) });
    assert.equal(trust.peerRevoked("spiffe://test/b", leaf), "CERTIFICATE_REVOKED");
    assert.ok(trust.tokenRevoked("t") && !trust.tokenRevoked("spiffe://test/a") && !trust.tokenRevoked(leaf.serial));
  });

  it("asks for the newest trust where it is known how, and says whether it did", async () => {
    const clock = { time: 0, now: () => clock.time };
    const trust = createTrust(state, clock);
    assert.equal(await trust.refetch(), false);
    let asked = 0;
    trust.refetchWith(async () => void asked++);
    assert.equal(await trust.refetch(), true);
    assert.equal(await trust.refetch(), false);
    clock.time = 10_000;
    assert.equal(await trust.refetch(), true);
    assert.equal(asked, 2);
  });

  it("knows what has been taken away, from its first state on, and with none there is nothing", () => {
    const token = { name: "a", actors: [], audiences: new Set(["a.B"]), scopes: new Set(["a:b"]), grantsVersion: 1 };
    const cutOffs = [{ identity: "a", service: "a.B", scope: "a:b", grantsVersion: 2, except: [] }];
    const { cutOffs: _, ...without } = state;
    const trust = createTrust({ ...state, cutOffs });
    assert.equal(trust.tokenOutdated({ ...token }), true);
    trust.replace(without);
    assert.equal(trust.tokenOutdated({ ...token }), false);
    trust.replace({ ...state, cutOffs });
    assert.equal(trust.tokenOutdated({ ...token }), true);
    assert.equal(createTrust(without).tokenOutdated({ ...token }), false);
  });

  it("tells that a CA has changed, whichever of several it is", () => {
    const other = Uint8Array.from(ca.der).fill(1, 40, 60);
    const trust = createTrust({ ...state, caCertificates: [ca.der, ca.der] });
    const changes: boolean[] = [];
    trust.onChange(({ caChanged }) => changes.push(caChanged));
    for (const second of [ca.der, other, other, ca.der]) trust.replace({ ...state, caCertificates: [ca.der, second] });
    assert.deepEqual(changes, [false, true, false, true]);
  });

  it("tells what has changed, even when a listener throws", () => {
    const trust = createTrust(state);
    const changes: TrustChange[] = [];
    trust.onChange(() => {
      throw new Error("a listener's own trouble");
    });
    const end = trust.onChange((change) => changes.push(change));
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => void warnings.push(warning);
    process.once("warning", onWarning);
    trust.replace(applyTrustUpdate(state, increment()));
    trust.replace({ ...trust.state, caCertificates: [ca.der, ca.der] });
    end();
    trust.replace(state);
    assert.deepEqual(
      changes.map(({ revoked, caChanged }) => [revoked.map(({ subject }) => subject), caChanged]),
      [
        [["t"], false],
        [[], true],
      ],
    );
    return new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      process.off("warning", onWarning);
      assert.equal(warnings[0]?.message, "a listener's own trouble");
    });
  });

  it("is stale when the authority has been silent for longer than its bound", () => {
    const clock = { time: 1_000, now: () => clock.time };
    const trust = createTrust(state, clock);
    clock.time += 60_000;
    assert.ok(!trust.isStale());
    clock.time += 1;
    assert.ok(trust.isStale());
    trust.touch();
    assert.ok(!trust.isStale());
    clock.time += 60_001;
    trust.replace(state);
    assert.ok(!trust.isStale());
  });

  it("is stale when it was restored, until the authority has been heard of", () => {
    const clock = { now: () => 1_000 };
    const trust = createTrust(state, clock, { heardAt: 999, heard: false });
    const told: boolean[] = [];
    const stop = trust.onStaleness((stale) => told.push(stale));
    assert.deepEqual([trust.isStale(), trust.heardAt], [true, 999]);
    trust.replace({ ...state, version: 5n });
    assert.deepEqual([trust.isStale(), trust.heardAt, told], [false, 1_000, [false]]);
    stop();
  });

  it("is kept in a folder, and not read from half a file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "interlock-"));
    const kept = createTrustFolder(folder);
    assert.equal(await kept.load(), undefined);
    await kept.save({ state, heardAt: 7 });
    assert.deepEqual(await kept.load(), { state, heardAt: 7 });
    const retired = { ...state, retired: ["a.B/C"] };
    await kept.save({ state: retired, heardAt: 7 });
    assert.deepEqual(await kept.load(), { state: retired, heardAt: 7 });
    const { caCertificates } = state;
    const domain = {
      trustDomain: "partner",
      caCertificates,
      services: ["a.B"],
      identities: ["spiffe://partner/**"],
      since: 7,
    };
    const federated = { ...state, federated: [domain] };
    await kept.save({ state: federated, heardAt: 7 });
    const text = await readFile(join(folder, "trust.json"), "utf8");
    const unsound: [string, string][] = [
      ["spiffe://partner/**", "**"],
      ["spiffe://partner/**", "spiffe://test/**"],
      ['"trustDomain": "partner"', '"trustDomain": "test"'],
      ['"a.B"', '"a B"'],
      ['"since": 7', '"since": null'],
    ];
    for (const [good, bad] of unsound) {
      assert.ok(text.includes(good), good);
      await writeFile(join(folder, "trust.json"), text.replace(good, bad));
      assert.deepEqual((await kept.load())?.state.federated, [], bad);
    }
    await kept.save({ state: federated, heardAt: 7 });
    assert.deepEqual((await kept.load())?.state.federated, [domain]);
    await kept.save({ state: retired, heardAt: 7 });
    const old = await readFile(join(folder, "trust.json"), "utf8");
    await writeFile(join(folder, "trust.json"), old.replace('"heardAt": 7', '"heardAt": null'));
    assert.equal((await kept.load())?.heardAt, Number.NEGATIVE_INFINITY);
    for (const text of [
      "",
      "{",
      "null",
      "{}",
      '{"trustDomain":"Test"}',
      '{"version":"4","trustDomain":"test","issuer":"i","staleAfterMs":1,"caCertificates":[],"revocations":[],"jwks":{"keys":[]}}',
    ]) {
      await writeFile(join(folder, "trust.json"), text);
      await assert.rejects(kept.load(), /cannot be read/, text);
    }
    await kept.save({ state: { ...state, jwks: null as never }, heardAt: 7 });
    await assert.rejects(kept.load(), /cannot be read/);
    await rm(folder, { recursive: true });
  });
});
