import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { InterlockError, type Log, type Unsubscribe } from "@interlock/bot";
import { certificatesFromPem, createListeners, type ServerKeyPair } from "@interlock/bot/internal";

/** A certificate and its key that something else keeps in files. */
export interface CertificateFiles {
  current(): ServerKeyPair;
  onChange(listener: (next: ServerKeyPair) => void): Unsubscribe;
  /** Reads them again. A pair that is unsound, half written say, changes nothing, and is logged. */
  reread(): Promise<void>;
}

/** Reads PEM files. Rejects when they cannot be read, or do not belong together. */
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
      throw new Error("the key is not the certificate's");
    }
    return { chain, privateKey };
  }

  let current = await read().catch((cause) => {
    const remedy = "name a PEM certificate with its chain, and its key";
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
