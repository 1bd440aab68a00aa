import assert from "node:assert/strict";
import { KeyObject } from "node:crypto";
import { caExtensions, ecKey, type Specimen, specimen, svidExtensions } from "../testing/specimen.js";
import { createTestCa, type LeafOptions, type TestCa } from "../testing/test-ca.js";
import { KeyUsageFlags } from "../testing/x509.js";
import { createKeyPair } from "./key-pair.js";
import { maximumIssuers, maximumSignatures, proveChain } from "./prove-chain.js";

const subject = "CN=intermediate";
const signing = { subject, ca: true, keyUsage: KeyUsageFlags.keyCertSign, usages: [] };

describe("proveChain", () => {
  let root: TestCa;
  let other: TestCa;
  let leaf: Uint8Array;
  let intermediate: Uint8Array;

  before(async () => {
    root = await createTestCa("root", 1);
    other = await createTestCa("other", 1);
    const above = await root.issueRaw(signing);
    intermediate = above.der;
    leaf = (await root.issueRaw({ signer: { name: subject, keys: above.keys } })).der;
  });

  const prove = (found: readonly Uint8Array[], cas = [other.der, root.der], now = Date.now()) =>
    proveChain(found, { caCertificates: cas, now });
  /** Has the name of the intermediate, and leads to the other root by names. */
  const decoy = async (more: Partial<LeafOptions> = {}) =>
    (await other.issueRaw({ ...signing, signer: { name: "CN=other", keys: await createKeyPair() }, ...more })).der;

  it("gives the leaf, what is above it, and the root, whether that was found or not", () => {
    const chain = [leaf, intermediate, root.der];
    assert.deepEqual(prove(chain), chain);
    assert.deepEqual(prove([leaf, intermediate]), chain);
    assert.deepEqual(prove([intermediate, root.der]), [intermediate, root.der]);
  });

  it("finds the root that has signed among those of one name", async () => {
    const twin = await createTestCa("root", 1);
    const chain = [leaf, intermediate, root.der];
    assert.deepEqual(prove([leaf, intermediate, twin.der], [twin.der, root.der]), chain);
    assert.equal(prove(chain, [twin.der]), undefined);
  });

  it("gives nothing where the CA is trusted no longer", () => {
    assert.equal(prove([leaf, intermediate, root.der], [other.der]), undefined);
    assert.equal(prove([leaf, intermediate, root.der], []), undefined);
    assert.equal(prove([leaf]), undefined);
    assert.equal(prove([]), undefined);
  });

  it("takes what was shown in any order, with certificates that are of no use (RFC 8446, section 4.4.2)", async () => {
    const chain = [leaf, intermediate, root.der];
    const unrelated = (await other.issueRaw({ ...signing, subject: "CN=unrelated" })).der;
    assert.deepEqual(prove([leaf, unrelated, root.der, intermediate, other.der]), chain);
    assert.deepEqual(prove([leaf, await decoy(), other.der, intermediate]), chain);
    assert.deepEqual(prove([leaf, intermediate, intermediate, leaf]), chain);
  });

  it("takes another way where the first one is not accepted, or leads nowhere", async () => {
    const key = ecKey();
    const by = (name: string) => ({ name, key: KeyObject.from(root.keys.privateKey) });
    const a = specimen({ name: "two", key, by: by("root"), extensions: caExtensions() });
    const b = specimen({ name: "two", key, by: by("root"), extensions: caExtensions() });
    const nowhere = specimen({ name: "two", key, by: by("nowhere"), extensions: caExtensions() });
    const end = specimen({ by: a, extensions: svidExtensions("spiffe://test/a") });
    const proved = proveChain([end.der, nowhere.der, a.der, b.der], {
      caCertificates: [root.der],
      now: Date.now(),
      accept: ([first]) => first === b.der,
    });
    assert.deepEqual(proved, [end.der, b.der, root.der]);
  });

  it("goes in no circle, and gives up past its bounds", () => {
    const [keyA, keyB] = [ecKey(), ecKey()];
    const a = specimen({ name: "a", key: keyA, by: { name: "b", key: keyB }, extensions: caExtensions() });
    const b = specimen({ name: "b", key: keyB, by: { name: "a", key: keyA }, extensions: caExtensions() });
    const end = specimen({ by: a, extensions: svidExtensions("spiffe://test/a") });
    assert.equal(prove([end.der, a.der, b.der]), undefined);

    const top = specimen({ name: "top", extensions: caExtensions() });
    const line = [top];
    while (line.length <= maximumIssuers) {
      line.unshift(specimen({ name: `${line.length}`, by: line[0] as Specimen, extensions: caExtensions() }));
    }
    const below = (i: number) =>
      specimen({ by: line[i] as Specimen, extensions: svidExtensions("spiffe://test/a") }).der;
    const ders = line.map(({ der }) => der);
    assert.equal(prove([below(1), ...ders], [top.der])?.length, maximumIssuers + 1);
    assert.equal(prove([below(0), ...ders], [top.der]), undefined);

    const last = below(1);
    const named = Array.from(
      { length: maximumSignatures },
      () => specimen({ name: line[1]?.name ?? "", extensions: caExtensions() }).der,
    );
    assert.ok(prove([last, ...named.slice(maximumIssuers), ...ders], [top.der]));
    assert.equal(prove([last, ...named, ...ders], [top.der]), undefined);
  });

  it("goes by signatures, not by names", async () => {
    assert.equal(prove([leaf, await decoy(), other.der]), undefined);
    // Signed indeed by the other root, and not the one that has signed the leaf.
    assert.equal(prove([leaf, (await other.issueRaw(signing)).der, other.der]), undefined);
  });

  it("passes over no issuer that has expired, or is not valid yet", async () => {
    const { keys, der: late } = await root.issueRaw({ ...signing, notAfter: Date.now() - 1_000 });
    const below = (await root.issueRaw({ signer: { name: subject, keys } })).der;
    assert.equal(prove([below, late, root.der]), undefined);
    const hour = 3_600_000;
    assert.equal(prove([leaf, intermediate, root.der], [root.der], Date.now() + 25 * hour), undefined);
    assert.equal(prove([leaf, intermediate, root.der], [root.der], Date.now() - 2 * hour), undefined);
  });

  it("takes a key of no known kind for one that has signed nothing", async () => {
    const der = Buffer.from(await decoy());
    const ecPublicKey = Buffer.from("2a8648ce3d0201", "hex");
    der[der.indexOf(ecPublicKey) + ecPublicKey.length - 1] = 0x7f;
    assert.equal(prove([leaf, der, other.der]), undefined);
  });
});
