import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { type Clock, certificatesToPem, InterlockError, type Log, type Unsubscribe } from "@interlock/bot";
import { certificatesFromPem, createListeners, parseCertificate, type ServerKeyPair } from "@interlock/bot/internal";

/** A certificate and its key in files that another program renews. */
export interface CertificateFiles {
  current(): ServerKeyPair;
  onChange(listener: (next: ServerKeyPair) => void): Unsubscribe;
  /** Reads them again. A pair that is not good, for example half written, changes nothing, and is logged. */
  reread(): Promise<void>;
}

/**
 * Reads PEM files. Rejects with `FAILED_PRECONDITION` when they cannot be read, do not belong together, are not valid now or
 * weak, or TLS does not load them.
 */
export async function openCertificateFiles(
  { certFile, keyFile }: { readonly certFile: string; readonly keyFile: string },
  log: Log,
  clock: Clock,
): Promise<CertificateFiles> {
  const listeners = createListeners<ServerKeyPair>();

  async function read(): Promise<ServerKeyPair> {
    const chain = certificatesFromPem(await readFile(certFile, "utf8"));
    const privateKey = await readFile(keyFile, "utf8");
    const [leaf] = chain;
    if (!leaf || !new X509Certificate(leaf).checkPrivateKey(createPrivateKey(privateKey))) {
      throw new Error("the key does not match the certificate");
    }
    checkChain(chain, clock.now());
    // A context that cannot be made would fail later, where the port takes the pair over.
    createSecureContext({ key: privateKey, cert: certificatesToPem(chain), minVersion: "TLSv1.3" });
    return { chain, privateKey };
  }

  let current = await read().catch((cause) => {
    const problem = `${certFile} and ${keyFile} cannot be used (${(cause as Error).message})`;
    const remedy = "name a PEM certificate with its chain, and its key";
    throw new InterlockError("FAILED_PRECONDITION", `${problem}: ${remedy}.`, { cause });
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

function checkChain(chain: readonly Uint8Array[], now: number): void {
  const [leaf, ...issuers] = chain.map((der) => parseCertificate(der));
  if (!leaf || now >= leaf.notAfter) throw new Error("the certificate has expired");
  if (now < leaf.notBefore) throw new Error("the certificate is not valid yet");
  if (![leaf, ...issuers].every(({ strongKey }) => strongKey) || !leaf.strongSignature) {
    throw new Error("a key or a signature is too weak: use P-256, or RSA of 2,048 bits, with SHA-256");
  }
}

function same(a: ServerKeyPair, b: ServerKeyPair): boolean {
  const leaves = [a, b].map(({ chain }) => Buffer.concat(chain));
  return a.privateKey === b.privateKey && (leaves[0] as Buffer).equals(leaves[1] as Buffer);
}
