import { createPublicKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type ExclusiveOptions, exclusively } from "./exclusively.js";
import { createIdentity, type Identity } from "./identity.js";
import { certificatesFromPem, certificatesToPem } from "./pem.js";
import { writePrivateFile } from "./private-file.js";
import { unreadable } from "./unreadable.js";

/** A folder that keeps an identity as one file, so that key and certificates always belong together. */
export interface IdentityFolder {
  /** The identity saved last, or `undefined` when there is none. Throws when it cannot be read. */
  load(): Promise<Identity | undefined>;
  /** Replaces the saved identity. */
  save(identity: Identity): Promise<void>;
  /** Runs `work` while no other process that shares the folder runs its `work`. */
  exclusively<T>(work: () => Promise<T>, options?: ExclusiveOptions): Promise<T>;
}

/** Keeps the identity as `identity.pem` (mode 0600: private key, then the chain) in `folder`. */
export function createIdentityFolder(folder: string): IdentityFolder {
  const path = join(folder, "identity.pem");
  return {
    async load() {
      const pem = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return undefined;
        throw unreadable(path, error);
      });
      if (pem === undefined) return undefined;
      const key = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----\n?/.exec(pem)?.[0];
      const chain = certificatesFromPem(pem);
      if (!key || !chain[0] || !belongTogether(key, chain[0])) {
        throw new Error(`${path} holds no private key with its certificate. Move it away and join again.`);
      }
      return createIdentity(key, chain);
    },
    save: (identity) => writePrivateFile(path, identity.privateKey + certificatesToPem(identity.chain)),
    exclusively: (work, options) => exclusively(`${path}.lock`, work, options),
  };
}

function belongTogether(privateKey: string, leaf: Uint8Array): boolean {
  const spki = { type: "spki", format: "der" } as const;
  const mine = createPublicKey(privateKey).export(spki);
  return mine.equals(new X509Certificate(leaf).publicKey.export(spki));
}
