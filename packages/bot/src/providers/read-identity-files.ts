import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { type Reason, reasons } from "../base/reason.js";
import { type Certificate, parseCertificate } from "../identity/certificate.js";
import { checkIssuers } from "../identity/check-issuers.js";
import { createIdentity, type Identity } from "../identity/identity.js";
import { isIssuedBy } from "../identity/is-issued-by.js";
import { certificatesFromPem } from "../identity/pem.js";
import { tryTls } from "../identity/try-tls.js";
import { verifyPeer } from "../identity/verify-peer.js";

/** The paths of an identity's files; see `FilesOptions`. */
export interface IdentityPaths {
  readonly certificate: string;
  readonly key: string;
  readonly ca: string;
}

/** The contents of an identity's files. */
export interface IdentityFiles {
  readonly identity: Identity;
  readonly roots: readonly Uint8Array[];
  /** Problems that are no reason to refuse the files. */
  readonly warnings: readonly string[];
}

/** The size of one file. */
const maximumBytes = 1024 * 1024;
/** The number of CA certificates to believe, and that of certificates to show. */
const maximumRoots = 64;
const maximumChain = 16;

/**
 * Reads the files of an identity, and verifies that they belong together and are good now: as every peer will, and by a
 * handshake with itself. Rejects with an `Error` that names the file: files may be half written, or not all replaced yet.
 *
 * @param known - The files that were good before; the handshake is not tried again with the same ones.
 */
export async function readIdentityFiles(
  paths: IdentityPaths,
  now: number,
  known?: Pick<IdentityFiles, "identity" | "roots">,
): Promise<IdentityFiles> {
  const [certificate, keyPem, ca] = await Promise.all([read(paths.certificate), read(paths.key), read(paths.ca)]);
  const chain = certificatesFromPem(certificate);
  const roots = certificatesFromPem(ca);
  const key = readKey(keyPem, paths.key);
  checkCount(chain, maximumChain, paths.certificate);
  checkCount(roots, maximumRoots, paths.ca);
  const shown = chain.map((der) => readCertificate(der, paths.certificate));
  const believed = roots.map((der) => readCertificate(der, paths.ca));
  if (believed.some(({ isCa }) => !isCa)) throw new Error(`${paths.ca} holds a certificate that is no CA's`);
  const [leaf] = shown;
  if (!leaf || !new X509Certificate(leaf.der).checkPrivateKey(key)) {
    throw new Error(`${paths.key} is not the key of ${paths.certificate}`);
  }
  const identity = createIdentity(key.export({ type: "pkcs8", format: "pem" }).toString(), chain);
  verifyFiles(identity, paths, roots, now);
  if (!known || !areSame({ identity, roots }, known)) await tryFiles(identity, roots, paths);
  const warnings = [...rootWarnings(believed, identity, paths.ca), ...(await keyWarnings(paths.key))];
  return { identity, roots, warnings };
}

/** Whether the contents of two readings are the same. */
export function areSame(
  a: Pick<IdentityFiles, "identity" | "roots">,
  b: Pick<IdentityFiles, "identity" | "roots">,
): boolean {
  const { privateKey, chain } = a.identity;
  return privateKey === b.identity.privateKey && sameBytes(chain, b.identity.chain) && sameBytes(a.roots, b.roots);
}

/** Whether two lists hold the same certificates, in the same order. */
export function sameBytes(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((bytes, i) => Buffer.compare(bytes, b[i] as Uint8Array) === 0);
}

async function read(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > maximumBytes) throw new Error("it is larger than 1 MiB");
    return await readFile(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(`${path} cannot be read (${code ?? message})`, { cause: error });
  }
}

function checkCount(chain: readonly Uint8Array[], maximum: number, path: string): void {
  if (chain.length === 0) throw new Error(`${path} holds no certificate`);
  if (chain.length > maximum) throw new Error(`${path} holds more than ${maximum} certificates`);
}

// Also of those that no chain needs: all of them are shown to peers, and Node does not survive every key.
function readCertificate(der: Uint8Array, path: string): Certificate {
  let certificate: Certificate;
  try {
    certificate = parseCertificate(der);
  } catch (cause) {
    throw new Error(`${path} holds a certificate that cannot be read (${(cause as Error).message})`, { cause });
  }
  if (!certificate.strongKey)
    throw new Error(`${path} holds a certificate with a weak key: ${remedies.CERTIFICATE_WEAK}`);
  return certificate;
}

function readKey(pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem); // PKCS #8, or one of the older forms, which are cert-manager's default.
  } catch {
    throw new Error(`${path} holds no private key that can be read without a passphrase`); // Without the cause: it may quote the file.
  }
}

/** Verifies the identity as its peers will, on both sides of a connection. */
function verifyFiles(
  { chain, spiffeId: { trustDomain } }: Identity,
  { certificate, ca }: IdentityPaths,
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

async function tryFiles(identity: Identity, roots: readonly Uint8Array[], { certificate, ca }: IdentityPaths) {
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
function rootWarnings(roots: readonly Certificate[], { spiffeId: { trustDomain } }: Identity, path: string): string[] {
  const parsed = roots.map(({ der }) => new X509Certificate(der));
  return roots.flatMap((root, i) => {
    const fault = checkIssuers([root.der], trustDomain);
    if (fault)
      return [`${path} holds a CA that nothing is accepted from (serial ${root.serial}): ${reasons[fault][1]}`];
    const below = parsed[i] as X509Certificate;
    if (parsed.some((other) => isIssuedBy(below, other))) return [];
    return [
      `${path} holds an intermediate (serial ${root.serial}) without the CA above it: nothing is accepted from it`,
    ];
  });
}

// In Kubernetes the group is the pod's own (fsGroup), so it may read. No other user may read, and no user may write.
async function keyWarnings(path: string): Promise<string[]> {
  if (process.platform === "win32") return [];
  const { mode } = await stat(path);
  const permissions = (mode & 0o777).toString(8).padStart(4, "0");
  return mode & 0o027 ? [`${path} has mode ${permissions}: take the others' rights away (0600, or 0640)`] : [];
}
