import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { reasons } from "../base/reason.js";
import { parseCertificate } from "../identity/certificate.js";
import { createIdentity, type Identity } from "../identity/identity.js";
import { certificatesFromPem } from "../identity/pem.js";
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

const maximumBytes = 1024 * 1024;
const maximumRoots = 64;

/**
 * Reads the files of an identity, and verifies that they belong together and are good now. Rejects with an `Error` that
 * names the file: files may be half written, or not all replaced yet.
 */
export async function readIdentityFiles(paths: IdentityPaths, now: number): Promise<IdentityFiles> {
  const [certificate, keyPem, ca] = await Promise.all([read(paths.certificate), read(paths.key), read(paths.ca)]);
  const chain = certificatesFromPem(certificate);
  const roots = readRoots(ca, paths.ca);
  const key = readKey(keyPem, paths.key);
  const [leaf] = chain;
  if (!leaf) throw new Error(`${paths.certificate} holds no certificate`);
  if (!belongTogether(key, leaf, paths.certificate)) {
    throw new Error(`${paths.key} is not the key of ${paths.certificate}`);
  }
  const identity = createIdentity(key.export({ type: "pkcs8", format: "pem" }).toString(), chain);
  verifyFiles(identity, paths, roots, now);
  return { identity, roots, warnings: await keyWarnings(paths.key) };
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

function readRoots(pem: string, path: string): Uint8Array[] {
  const roots = certificatesFromPem(pem);
  if (roots.length === 0) throw new Error(`${path} holds no certificate`);
  if (roots.length > maximumRoots) throw new Error(`${path} holds more than ${maximumRoots} certificates`);
  for (const der of roots) {
    if (!attempt(() => parseCertificate(der), path).isCa)
      throw new Error(`${path} holds a certificate that is no CA's`);
  }
  return roots;
}

function readKey(pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem); // PKCS #8, or one of the older forms, which are cert-manager's default.
  } catch {
    throw new Error(`${path} holds no private key that can be read without a passphrase`); // Without the cause: it may quote the file.
  }
}

function belongTogether(key: KeyObject, leaf: Uint8Array, path: string): boolean {
  return attempt(() => new X509Certificate(leaf), path).checkPrivateKey(key);
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
    const remedy =
      verified === "CERTIFICATE_WRONG_USAGE" ? ': it needs the usages "client auth" and "server auth"' : "";
    throw new Error(`${certificate} cannot be used: ${reasons[verified][1]}${remedy}`);
  }
}

// In Kubernetes the group is the pod's own (fsGroup), so it may read. No other user may read, and no user may write.
async function keyWarnings(path: string): Promise<string[]> {
  if (process.platform === "win32") return [];
  const { mode } = await stat(path);
  const permissions = (mode & 0o777).toString(8).padStart(4, "0");
  return mode & 0o027 ? [`${path} has mode ${permissions}: take the others' rights away (0600, or 0640)`] : [];
}

function attempt<T>(parse: () => T, path: string): T {
  try {
    return parse();
  } catch (cause) {
    throw new Error(`${path} holds a certificate that cannot be read`, { cause });
  }
}
