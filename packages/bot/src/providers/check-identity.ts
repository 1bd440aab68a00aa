import { type KeyObject, X509Certificate } from "node:crypto";
import { type Reason, reasons } from "../base/reason.js";
import { sameBytes } from "../base/same-bytes.js";
import { type Certificate, parseCertificate } from "../identity/certificate.js";
import { checkIssuers } from "../identity/check-issuers.js";
import { createIdentity, type Identity } from "../identity/identity.js";
import { isIssuedBy } from "../identity/is-issued-by.js";
import { tryTls } from "../identity/try-tls.js";
import { verifyPeer } from "../identity/verify-peer.js";

/** The parts of an identity as its source gives them. */
export interface IdentityParts {
  /** The certificates, DER: the leaf first, then intermediates. At most 16. */
  readonly chain: readonly Uint8Array[];
  readonly key: KeyObject;
  /** The CA certificates to believe, DER. At most 64. */
  readonly roots: readonly Uint8Array[];
}

/** What the parts are called in messages: paths of files, for example. */
export interface IdentityNames {
  readonly certificate: string;
  readonly key: string;
  readonly ca: string;
}

/** An identity with the CAs to believe. */
export interface IdentityWithRoots {
  readonly identity: Identity;
  readonly roots: readonly Uint8Array[];
}

/** An identity whose parts belong together and are good. */
export interface CheckedIdentity extends IdentityWithRoots {
  /** Problems that are no reason to refuse it. */
  readonly warnings: readonly string[];
}

/** The number of CA certificates to believe. */
export const maximumRoots = 64;

/** The number of certificates to show. */
export const maximumChain = 16;

/**
 * Checks that the parts of an identity belong together and are good now: as every peer will, and by a handshake with itself.
 * Rejects with an `Error` that names the part.
 *
 * @param known - The identity that was good before; the handshake is not tried again with the same one.
 */
export async function checkIdentity(
  { chain, key, roots }: IdentityParts,
  names: IdentityNames,
  now: number,
  known?: IdentityWithRoots,
): Promise<CheckedIdentity> {
  checkCount(chain, maximumChain, names.certificate);
  checkCount(roots, maximumRoots, names.ca);
  const shown = chain.map((der) => readCertificate(der, names.certificate));
  const believed = roots.map((der) => readCertificate(der, names.ca));
  if (believed.some(({ isCa }) => !isCa)) throw new Error(`${names.ca} holds a certificate that is no CA's`);
  const [leaf] = shown;
  if (!leaf || !new X509Certificate(leaf.der).checkPrivateKey(key)) {
    throw new Error(`${names.key} is not the key of ${names.certificate}`);
  }
  const identity = createIdentity(key.export({ type: "pkcs8", format: "pem" }).toString(), chain);
  verify(identity, names, roots, now);
  if (!known || !areSame({ identity, roots }, known)) await tryHandshake(identity, roots, names);
  return { identity, roots, warnings: rootWarnings(believed, identity, names.ca) };
}

/** Whether two identities, with their CAs, are the same. */
export function areSame(a: IdentityWithRoots, b: IdentityWithRoots): boolean {
  const { privateKey, chain } = a.identity;
  return privateKey === b.identity.privateKey && sameBytes(chain, b.identity.chain) && sameBytes(a.roots, b.roots);
}

function checkCount(chain: readonly Uint8Array[], maximum: number, name: string): void {
  if (chain.length === 0) throw new Error(`${name} holds no certificate`);
  if (chain.length > maximum) throw new Error(`${name} holds more than ${maximum} certificates`);
}

// Also of those that no chain needs: all of them are shown to peers, and Node does not survive every key.
function readCertificate(der: Uint8Array, name: string): Certificate {
  let certificate: Certificate;
  try {
    certificate = parseCertificate(der);
  } catch (cause) {
    throw new Error(`${name} holds a certificate that cannot be read (${(cause as Error).message})`, { cause });
  }
  if (!certificate.strongKey)
    throw new Error(`${name} holds a certificate with a weak key: ${remedies.CERTIFICATE_WEAK}`);
  return certificate;
}

/** Verifies the identity as its peers will, on both sides of a connection. */
function verify(
  { chain, spiffeId: { trustDomain } }: Identity,
  { certificate, ca }: IdentityNames,
  caCertificates: readonly Uint8Array[],
  now: number,
): void {
  for (const peer of ["client", "server"] as const) {
    const verified = verifyPeer(chain, { peer, trustDomain, now, caCertificates });
    if (verified === "CERTIFICATE_UNTRUSTED") throw new Error(`${certificate} does not lead to a CA of ${ca}`);
    if (typeof verified !== "string") continue;
    const remedy = remedies[verified];
    throw new Error(`${certificate} cannot be used: ${reasons[verified][1]}${remedy ? `; ${remedy}` : ""}`);
  }
}

const remedies: Partial<Record<Reason, string>> = {
  CERTIFICATE_WRONG_USAGE: 'it needs the usages "digital signature", "client auth" and "server auth"',
  CERTIFICATE_WEAK: "use P-256, P-384, P-521, Ed25519, or RSA of 2,048 to 8,192 bits, signed with SHA-256 or better",
};

async function tryHandshake(identity: Identity, roots: readonly Uint8Array[], { certificate, ca }: IdentityNames) {
  try {
    await tryTls(identity, roots);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "UNABLE_TO_GET_ISSUER_CERT") {
      throw new Error(`${ca} holds an intermediate as root: put the certificate of the CA above it there`, { cause });
    }
    throw new Error(`${certificate} with ${ca} is refused by TLS (${code ?? message})`, { cause });
  }
}

/** Roots that are of no use, though others are. */
function rootWarnings(roots: readonly Certificate[], { spiffeId: { trustDomain } }: Identity, name: string): string[] {
  const parsed = roots.map(({ der }) => new X509Certificate(der));
  return roots.flatMap((root, i) => {
    const fault = checkIssuers([root.der], trustDomain);
    if (fault)
      return [`${name} holds a CA that nothing is accepted from (serial ${root.serial}): ${reasons[fault][1]}`];
    const below = parsed[i] as X509Certificate;
    if (parsed.some((other) => isIssuedBy(below, other))) return [];
    return [
      `${name} holds an intermediate (serial ${root.serial}) without the CA above it: nothing is accepted from it`,
    ];
  });
}
