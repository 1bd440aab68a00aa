import { createPrivateKey, createPublicKey, webcrypto } from "node:crypto";
import { leafTemplate, rootTemplate } from "./certificate-template.js";
import { PublicKey, X509Certificate, X509CertificateGenerator } from "./x509.js";

/** Signs certificates. */
export interface Ca {
  /** The root certificate, DER. */
  readonly certificate: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly notAfter: number;
  /**
   * Makes a leaf for a SPIFFE ID and a public key (SubjectPublicKeyInfo, DER) that has been checked. Gives the chain,
   * DER: the leaf first, then intermediates, without the root. `hosts` are DNS names and IP addresses besides.
   */
  issueLeaf(spiffeId: string, publicKey: Uint8Array, now: number, hosts?: readonly string[]): Promise<Uint8Array[]>;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const rootName = "O=Interlock, CN=Interlock root";
const leafName = "O=Interlock";

/** Makes a self-signed root certificate, DER, for a P-256 private key (PKCS #8, PEM). */
export async function createRoot(privateKeyPem: string, trustDomain: string, now: number): Promise<Uint8Array> {
  const { signingKey, publicKey } = await importKey(privateKeyPem);
  const root = await X509CertificateGenerator.create({
    ...(await rootTemplate(publicKey, trustDomain, now)),
    subject: rootName,
    issuer: rootName,
    publicKey,
    signingKey,
    signingAlgorithm: algorithm,
  });
  return new Uint8Array(root.rawData);
}

/** The CA of a root certificate (DER) and its private key (PKCS #8, PEM). Throws when they do not belong together. */
export async function createCa(root: Uint8Array, privateKeyPem: string, leafTtlMs: number): Promise<Ca> {
  const { signingKey, publicKey } = await importKey(privateKeyPem);
  const { publicKey: certified, subject: issuer, notBefore, notAfter } = new X509Certificate(root);
  if (!Buffer.from(certified.rawData).equals(Buffer.from(publicKey.rawData))) {
    throw new Error("the CA's private key is not the one of its certificate");
  }
  return {
    certificate: root,
    notAfter: notAfter.getTime(),
    async issueLeaf(spiffeId, spki, now, hosts = []) {
      const key = new PublicKey(spki);
      const options = { key, spiffeId, issuer: { key: publicKey, notBefore, notAfter }, now, ttlMs: leafTtlMs, hosts };
      const leaf = await X509CertificateGenerator.create({
        ...(await leafTemplate(options)),
        subject: leafName,
        issuer,
        publicKey: key,
        signingKey,
        signingAlgorithm: algorithm,
      });
      return [new Uint8Array(leaf.rawData)];
    },
  };
}

async function importKey(pem: string): Promise<{ signingKey: webcrypto.CryptoKey; publicKey: PublicKey }> {
  const key = createPrivateKey(pem);
  const der = key.export({ type: "pkcs8", format: "der" });
  const signingKey = await webcrypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]);
  const publicKey = new PublicKey(createPublicKey(key).export({ type: "spki", format: "der" }));
  return { signingKey, publicKey };
}
