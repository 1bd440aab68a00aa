import assert from "node:assert/strict";
import { WatchTrustResponse } from "../gen/interlock/authority/v1/trust.js";
import { createTestCa } from "../testing/test-ca.js";
import { applyTrustUpdate } from "./apply-update.js";

const basis = {
  caCertificates: [] as Uint8Array[],
  trustDomain: "cafe",
  issuer: "i",
  jwks: '{"keys":[]}',
  staleAfterSeconds: 60,
};
const bot = (name: string) => ({ subject: { $case: "identity", value: `spiffe://cafe/${name}` } }) as const;
const pattern = (value: string) => ({ subject: { $case: "pattern", value } }) as const;

const update = (appliesTo: bigint, resultsIn: bigint, change: object): WatchTrustResponse =>
  WatchTrustResponse.fromPartial({ ...basis, appliesTo, resultsIn, ...change });

describe("applyTrustUpdate", () => {
  let start: ReturnType<typeof applyTrustUpdate>;
  before(async () => {
    basis.caCertificates = [(await createTestCa()).der];
    start = applyTrustUpdate(undefined, update(0n, 3n, { revocations: [bot("a"), pattern("worker/*")] }));
  });
  const subjects = (state: typeof start) => state.revocations.map((r) => `${r.kind} ${r.subject}`);

  it("adds what is revoked, and removes what is unrevoked", () => {
    assert.deepEqual(subjects(start), ["identity spiffe://cafe/a", "pattern worker/*"]);
    const next = applyTrustUpdate(start, update(3n, 5n, { revocations: [bot("b")], unrevoked: [pattern("worker/*")] }));
    assert.deepEqual(subjects(next), ["identity spiffe://cafe/a", "identity spiffe://cafe/b"]);
  });

  it("holds what was unrevoked and revoked again once", () => {
    const next = applyTrustUpdate(start, update(3n, 5n, { revocations: [{ ...bot("a"), reason: "again" }] }));
    assert.deepEqual(
      next.revocations.map((r) => r.reason),
      ["again", ""],
    );
  });

  it("takes what is unrevoked and revoked in one update for revoked, and holds nothing twice", () => {
    const both = { revocations: [bot("a"), bot("a"), bot("b")], unrevoked: [bot("a"), bot("c")] };
    const next = applyTrustUpdate(start, update(3n, 6n, both));
    assert.deepEqual(subjects(next), ["identity spiffe://cafe/a", "pattern worker/*", "identity spiffe://cafe/b"]);
    const alike = { $case: "token", value: "worker/*" } as const;
    const other = applyTrustUpdate(start, update(3n, 6n, { unrevoked: [{ subject: alike }] }));
    assert.deepEqual(subjects(other), subjects(start), "the same text names something else");
  });

  it("takes over what was taken away, whole, with every update", () => {
    const cutOff = { identity: "w/*", service: "a.B", scope: "a:b", except: ["w/1"] };
    const next = applyTrustUpdate(start, update(3n, 4n, { cutOffs: [{ ...cutOff, grantsVersion: 7n }] }));
    assert.deepEqual(next.cutOffs, [{ ...cutOff, grantsVersion: 7 }]);
    assert.deepEqual(applyTrustUpdate(next, update(4n, 5n, {})).cutOffs, []);
  });

  it("keeps the retired methods until an update names others, and a thousand of them at most", () => {
    const retired = { methods: ["a.B/C", "a.D/*"] };
    const next = applyTrustUpdate(start, update(3n, 4n, { retired }));
    assert.deepEqual([start.retired, next.retired], [undefined, retired.methods]);
    const later = applyTrustUpdate(next, update(4n, 5n, {}));
    assert.deepEqual(later.retired, retired.methods);
    assert.equal(applyTrustUpdate(later, update(5n, 6n, { retired: { methods: [] } })).retired, undefined);
    assert.equal(applyTrustUpdate(later, update(0n, 6n, {})).retired, undefined);
    const many = Array.from({ length: 1_001 }, (_, i) => `a.B/M${i}`);
    assert.equal(applyTrustUpdate(start, update(3n, 4n, { retired: { methods: many } })).retired?.length, 1_000);
  });

  it("takes over the federated domains, whole, with every update, and leaves out what is unsound", async () => {
    const since = new Date(7_000);
    const caCertificates = [(await createTestCa("partner")).der];
    const domain = { trustDomain: "partner", caCertificates, services: ["a.B"], identities: ["spiffe://partner/**"] };
    const apply = (federated: object[]) => applyTrustUpdate(start, update(3n, 4n, { federated }));
    const next = apply([{ ...domain, since }]);
    assert.deepEqual(next.federated, [{ ...domain, since: 7_000 }]);
    const again = applyTrustUpdate(next, update(4n, 5n, { federated: [{ ...domain, since }] }));
    assert.equal(again.federated, next.federated, "nothing is read anew");
    assert.equal(applyTrustUpdate(next, update(4n, 5n, {})).federated, undefined);
    const unsound = [
      { trustDomain: "cafe", identities: ["spiffe://cafe/**"] },
      { trustDomain: "Partner" },
      { identities: ["orders/*"] },
      { identities: ["spiffe://third/**"] },
      { identities: Array(65).fill("spiffe://partner/**") },
      { services: ["a/B"] },
      { services: Array(65).fill("a.B") },
      { caCertificates: [Uint8Array.of(1)] },
      { caCertificates: Array(17).fill(caCertificates[0]) },
      { since: undefined },
    ];
    for (const change of unsound)
      assert.deepEqual(apply([{ ...domain, since, ...change }]).federated, [], JSON.stringify(change));
    assert.equal(
      apply([
        { ...domain, since },
        { ...domain, since },
      ]).federated?.length,
      1,
      "one of a name",
    );
    const many = Array.from({ length: 65 }, (_, i) => {
      return { ...domain, since, trustDomain: `p${i}`, identities: [`spiffe://p${i}/**`] };
    });
    assert.equal(apply(many).federated?.length, 64);
    const [der] = caCertificates as [Uint8Array];
    const large = many.slice(0, 60).map((one) => ({ ...one, caCertificates: Array(16).fill(der) }));
    assert.equal(apply(large).federated?.length, Math.floor(49_152 / (16 * der.length)));
  });

  it("forgets everything with a complete update, and refuses one for another version or domain", () => {
    assert.deepEqual(subjects(applyTrustUpdate(start, update(0n, 9n, {}))), []);
    assert.throws(() => applyTrustUpdate(start, update(4n, 5n, {})), /for version 4, and version 3 is held/);
    assert.throws(() => applyTrustUpdate(start, update(3n, 5n, { trustDomain: "bar" })), /this bot is of "cafe"/);
  });

  it("names the CA that signs only where it is known, and begins with nothing held", () => {
    const digest = "A".repeat(43);
    assert.equal(applyTrustUpdate(start, update(3n, 4n, { activeCa: digest })).activeCa, digest);
    assert.ok(!("activeCa" in start));
    const first = applyTrustUpdate(undefined, update(0n, 1n, {}));
    assert.deepEqual([first.revocations, "retired" in first, first.cutOffs], [[], false, []]);
  });
});
