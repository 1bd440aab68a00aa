import { createPrivateKey, type KeyObject } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { certificatesFromPem } from "../identity/pem.js";
import { type CheckedIdentity, checkIdentity, type IdentityNames, type IdentityWithRoots } from "./check-identity.js";

/** The size of one file. */
const maximumBytes = 1024 * 1024;

/**
 * Reads the files of an identity, by their paths, and checks them. Rejects with an `Error` that names the file: files may be half
 * written, or not all replaced yet.
 *
 * @param known - The files that were good before.
 */
export async function readIdentityFiles(
  paths: IdentityNames,
  now: number,
  known?: IdentityWithRoots,
): Promise<CheckedIdentity> {
  const [certificate, keyPem, ca] = await Promise.all([read(paths.certificate), read(paths.key), read(paths.ca)]);
  const chain = certificatesFromPem(certificate);
  const roots = certificatesFromPem(ca);
  const key = readKey(keyPem, paths.key);
  const checked = await checkIdentity({ chain, key, roots }, paths, now, known);
  return { ...checked, warnings: [...checked.warnings, ...(await keyWarnings(paths.key))] };
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

function readKey(pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem); // PKCS #8, or one of the older forms, which are cert-manager's default.
  } catch {
    throw new Error(`${path} holds no private key that can be read without a passphrase`); // Without the cause: it may quote the file.
  }
}

// In Kubernetes the group is the pod's own (fsGroup), so it may read. No other user may read, and no user may write.
async function keyWarnings(path: string): Promise<string[]> {
  if (process.platform === "win32") return [];
  const { mode } = await stat(path);
  const permissions = (mode & 0o777).toString(8).padStart(4, "0");
  return mode & 0o027 ? [`${path} has mode ${permissions}: take the others' rights away (0600, or 0640)`] : [];
}
