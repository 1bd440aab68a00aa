import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from "jose";
import type { KeyVault } from "../key-vault/key-vault.js";

/** The private halves of token keys. */
export interface KeyFiles {
  /** Makes a key, and gives its public half, with its `kid` (RFC 7638). */
  create(): Promise<JWK & { readonly kid: string }>;
  /** The private key. Rejects, saying what to do, when it is not there. */
  load(kid: string): Promise<Awaited<ReturnType<typeof importJWK>>>;
  delete(kid: string): Promise<void>;
}

/** Keeps private token keys as files, `<kid>.json` (mode 0600), in `folder`. */
export async function openKeyFiles(folder: string, vault: KeyVault): Promise<KeyFiles> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const pathOf = (kid: string) => join(folder, `${kid}.json`);
  return {
    async create() {
      const { privateKey } = await generateKeyPair("ES256", { extractable: true });
      const { d, ...rest } = await exportJWK(privateKey);
      const kid = await calculateJwkThumbprint(rest);
      const publicJwk = { ...rest, kid, alg: "ES256", use: "sig" };
      await vault.write(pathOf(kid), JSON.stringify({ ...publicJwk, d }));
      return publicJwk;
    },
    async load(kid) {
      const text = await vault.read(pathOf(kid));
      if (text === undefined) {
        throw new Error(`${pathOf(kid)} is missing. Restore it from your backup of the data folder.`);
      }
      return importJWK(JSON.parse(text), "ES256");
    },
    delete: (kid) => rm(pathOf(kid), { force: true }),
  };
}
