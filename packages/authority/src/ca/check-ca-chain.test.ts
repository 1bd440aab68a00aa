import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { createKeyPair, InterlockError } from "@interlock/bot";
import { caExtensions, rsaKey, type Specimen, type SpecimenOptions, specimen, utcTime } from "@interlock/bot/testing";
import { createCa, createIntermediate, createRoot } from "./ca.js";
import { checkCaChain, checkCaKey } from "./check-ca-chain.js";
import { nameConstraints } from "./name-constraints.js";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "./x509.js";

const now = Date.UTC(2030, 0, 1);
const day = 24 * 3_600_000;
const p256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const p384 = { name: "ECDSA", namedCurve: "P-384", hash: "SHA-256" } as const;
const signs = () => new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true);
const isCa = (pathLength?: number) => new BasicConstraintsExtension(true, pathLength, true);

interface Made {
  readonly der: Uint8Array;
  readonly keys: webcrypto.CryptoKeyPair;
}

interface Shape {
  readonly extensions?: Extension[];
  readonly algorithm?: typeof p256 | typeof p384;
  readonly notBefore?: number;
  readonly notAfter?: number;
}

/** A CA certificate of another PKI, below `issuer`. Default: a root. */
async function make(subject: string, issuer: Made | undefined, shape: Shape = {}): Promise<Made> {
  const { extensions = [isCa(), signs()], algorithm = p256, notBefore = now - day, notAfter = now + day } = shape;
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
  const certificate = await X509CertificateGenerator.create({
    serialNumber: "4f",
    subject,
    issuer: issuer ? new X509Certificate(issuer.der as never).subject : subject,
    notBefore: new Date(notBefore),
    notAfter: new Date(notAfter),
    publicKey: keys.publicKey as never,
    signingKey: (issuer?.keys ?? keys).privateKey as never,
    signingAlgorithm: p256,
    extensions,
  });
  return { der: new Uint8Array(certificate.rawData), keys };
}

describe("checkCaChain", () => {
  let root: Made;
  let good: Made;
  before(async () => {
    root = await make("CN=root", undefined);
    good = await make("CN=good", root);
  });

  const check = (chain: readonly Made[], roots: readonly Made[] = [], trustDomain = "cafe") =>
    checkCaChain(
      chain.map(({ der }) => der),
      { trustDomain, now, roots: roots.map(({ der }) => der) },
    );
  const refused = (chain: readonly Made[], message: RegExp, roots: readonly Made[] = []) =>
    assert.throws(
      () => check(chain, roots),
      (error) => {
        assert.ok(error instanceof InterlockError);
        assert.equal(error.code, "INVALID_ARGUMENT");
        assert.match(error.message, message);
        return true;
      },
    );

  it("takes a chain up to its root, or below one that is known", async () => {
    assert.equal(check([good, root]).length, 2);
    assert.deepEqual(check([good], [root])[1], root.der);
    const deep = await make("CN=deep", good);
    assert.equal(check([deep, good, root]).length, 3);
  });

  it("takes our own", async () => {
    const rootKey = (await createKeyPair()).privateKeyPem;
    const certificate = await createRoot(rootKey, "cafe", now);
    const keys = await createKeyPair();
    const spki = new Uint8Array(await webcrypto.subtle.exportKey("spki", keys.publicKey));
    const signer = { certificate, privateKeyPem: rootKey };
    const intermediate = await createIntermediate(signer, spki, "cafe", now);
    const made = [intermediate, certificate].map((der) => ({ der }) as Made);
    assert.equal(check(made).length, 2);
    checkCaKey(intermediate, keys.privateKeyPem);
    assert.throws(() => checkCaKey(intermediate, rootKey), /does not match the first certificate/);
    assert.throws(() => checkCaKey(intermediate, "no key"), /cannot be read/);
    assert.throws(() => check(made, [], "bar"), /do not permit the trust domain "bar"/);
    const ca = await createCa([intermediate, certificate], keys.privateKeyPem, () => day);
    const [leaf] = await ca.issueLeaf("spiffe://cafe/a", spki, now);
    refused([{ der: leaf } as Made, ...made], /is not a CA/);
  });

  const wrong: Record<string, [Shape, RegExp]> = {
    "no basic constraints": [{ extensions: [signs()] }, /is not a CA/],
    "CA:FALSE": [{ extensions: [new BasicConstraintsExtension(false), signs()] }, /is not a CA/],
    "no key usage": [{ extensions: [isCa()] }, /has no key usage/],
    "a key usage without keyCertSign": [
      { extensions: [isCa(), new KeyUsagesExtension(KeyUsageFlags.cRLSign)] },
      /lacks keyCertSign/,
    ],
    "usages that leave out servers": [
      { extensions: [isCa(), signs(), new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])] },
      /without both TLS clients and TLS servers/,
    ],
    "name constraints to another domain": [{ extensions: [isCa(), signs(), nameConstraints("bar")] }, /do not permit/],
    "name constraints that cannot be read": [
      { extensions: [isCa(), signs(), new Extension("2.5.29.30", true, Uint8Array.of(0x30, 9))] },
      /cannot be read/,
    ],
    "an unknown critical extension": [
      { extensions: [isCa(), signs(), new Extension("1.2.3.4", true, Uint8Array.of(5, 0))] },
      /critical extension 1\.2\.3\.4/,
    ],
    "an extension twice": [{ extensions: [isCa(), isCa(), signs()] }, /twice/],
    "a P-384 key": [{ algorithm: p384 }, /not on P-256/],
    "its time over": [{ notAfter: now }, /expired/],
    "its time to come": [{ notBefore: now + 1_000 }, /is not valid before/],
  };
  for (const [what, [shape, message]] of Object.entries(wrong)) {
    it(`refuses an intermediate with ${what}`, async () => refused([await make("CN=bad", root, shape), root], message));
  }

  it("takes the one for any use, or for both sides", async () => {
    for (const usages of [["2.5.29.37.0"], [ExtendedKeyUsage.clientAuth, ExtendedKeyUsage.serverAuth]]) {
      const extensions = [isCa(), signs(), new ExtendedKeyUsageExtension(usages)];
      assert.equal(check([await make("CN=both", root, { extensions }), root]).length, 2);
    }
  });

  it("refuses what every bot would refuse: weak keys and signatures, another trust domain in a CA", () => {
    const at = { notBefore: utcTime(now - day), notAfter: utcTime(now + day) };
    const ca = (more: Partial<SpecimenOptions>) => specimen({ extensions: caExtensions(), ...at, ...more });
    const chainOf = (below: Specimen, above: Specimen) => [below, above].map(({ der }) => ({ der }) as Made);
    const sound = ca({ name: "root" });
    assert.equal(check(chainOf(ca({ by: sound }), sound)).length, 2);
    const weak = ca({ name: "root", key: rsaKey(1_024) });
    refused(chainOf(ca({ by: weak }), weak), /would refuse .*too weak/);
    refused(chainOf(ca({ by: sound, hash: "sha1" }), sound), /would refuse .*too weak/);
    const foreign = ca({ by: sound, extensions: caExtensions({ uris: ["spiffe://other"] }) });
    refused(chainOf(foreign, sound), /would refuse .*another trust domain/);
  });

  it("refuses what leads to no root, to another, or in another order", async () => {
    refused([], /no certificate/);
    refused([good], /does not end in a root/);
    const stranger = await make("CN=root", undefined);
    refused([good], /does not end in a root/, [stranger]);
    refused([good, stranger], /is not signed by the next one/);
    refused([root, good], /does not end in a root|is not signed/);
    refused([{ der: Uint8Array.of(1, 2) } as Made, root], /cannot be read/);
  });

  it("holds every certificate above to the same, and to its path length", async () => {
    const tight = await make("CN=tight", undefined, { extensions: [isCa(0), signs()] });
    refused([await make("CN=below", tight), tight], /allows 0 CA certificates below it, but there are 1/);
    const over = await make("CN=over", undefined, { notAfter: now - 1 });
    refused([await make("CN=below", over), over], /Certificate 2 .* expired/);
    let chain = [root];
    for (let i = 0; i < 5; i++) chain = [await make(`CN=${i}`, chain[0]), ...chain];
    refused(chain, /longer than 5/);
  });
});
