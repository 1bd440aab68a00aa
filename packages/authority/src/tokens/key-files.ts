import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { writePrivateFile } from "@interlock/bot";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from "jose";

/** The private halves of token keys. */
export interface KeyFiles {
  /** Makes a key, and gives its public half, with its `kid` (RFC 7638). */
  create(): Promise<JWK & { readonly kid: string }>;
  /** The private key. Rejects, saying what to do, when it is not there. */
  load(kid: string): Promise<Awaited<ReturnType<typeof importJWK>>>;
  delete(kid: string): Promise<void>;
}

/** Keeps private token keys as files, `<kid>.json` (mode 0600), in `folder`. */
export async function openKeyFiles(folder: string): Promise<KeyFiles> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const pathOf = (kid: string) => join(folder, `${kid}.json`);
  return {
    async create() {
      const { privateKey } = await generateKeyPair("ES256", { extractable: true });
      const { d, ...rest } = await exportJWK(privateKey);
      const kid = await calculateJwkThumbprint(rest);
      const publicJwk = { ...rest, kid, alg: "ES256", use: "sig" };
      await writePrivateFile(pathOf(kid), JSON.stringify({ ...publicJwk, d }));
      return publicJwk;
    },
    async load(kid) {
      const text = await readFile(pathOf(kid), "utf8").catch((cause: unknown) => {
        throw new Error(`${pathOf(kid)} cannot be read. Restore it from your backup of the data folder.`, { cause });
      });
      return importJWK(JSON.parse(text), "ES256");
    },
    delete: (kid) => rm(pathOf(kid), { force: true }),
  };
}
