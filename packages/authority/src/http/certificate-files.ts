import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { InterlockError, type Log, type Unsubscribe } from "@interlock/bot";
import { certificatesFromPem, createListeners, type ServerKeyPair } from "@interlock/bot/internal";

/** A certificate and its key in files that something else renews. */
export interface CertificateFiles {
  current(): ServerKeyPair;
  onChange(listener: (next: ServerKeyPair) => void): Unsubscribe;
  /** Reads the files again. An unusable pair, for example a half-written one, is logged and changes nothing. */
  reread(): Promise<void>;
}

/** Reads a certificate and its key from PEM files. Rejects when they cannot be read, or do not match. */
export async function openCertificateFiles(
  { certFile, keyFile }: { readonly certFile: string; readonly keyFile: string },
  log: Log,
): Promise<CertificateFiles> {
  const listeners = createListeners<ServerKeyPair>();

  async function read(): Promise<ServerKeyPair> {
    const chain = certificatesFromPem(await readFile(certFile, "utf8"));
    const privateKey = await readFile(keyFile, "utf8");
    const [leaf] = chain;
    if (!leaf || !new X509Certificate(leaf).checkPrivateKey(createPrivateKey(privateKey))) {
      throw new Error("the key does not match the certificate");
    }
    return { chain, privateKey };
  }

  let current = await read().catch((cause) => {
    const remedy = "name a PEM certificate with its chain, and the file of its key";
    throw new InterlockError("FAILED_PRECONDITION", `${certFile} and ${keyFile} cannot be used: ${remedy}.`, { cause });
  });
  return {
    current: () => current,
    onChange: listeners.add,
    async reread() {
      try {
        const next = await read();
        if (same(next, current)) return;
        current = next;
        listeners.tell(next);
      } catch (error) {
        log.error("certificate files not read again", { certFile, error: String(error) });
      }
    },
  };
}

function same(a: ServerKeyPair, b: ServerKeyPair): boolean {
  const leaves = [a, b].map(({ chain }) => Buffer.concat(chain));
  return a.privateKey === b.privateKey && (leaves[0] as Buffer).equals(leaves[1] as Buffer);
}
