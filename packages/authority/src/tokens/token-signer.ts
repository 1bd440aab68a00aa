import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { writePrivateFile } from "@interlock/bot";
import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JSONWebKeySet,
  type JWK,
  type JWTPayload,
  SignJWT,
} from "jose";
import type { Store } from "../store/store.js";

/** Signs tokens, and publishes the keys with which they are verified. */
export interface TokenSigner {
  /** The public keys, those that sign and those that have signed (RFC 7517). */
  readonly jwks: JSONWebKeySet;
  /** Signs an access token: ES256, header type `at+jwt` (RFC 9068, section 2.1). */
  sign(claims: JWTPayload): Promise<string>;
}

/**
 * The fleet's token signer; its key is made when there is none yet. Private keys are files, `token-keys/<kid>.json`
 * (mode 0600) in the data folder; the newest one signs. Rejects when that one is missing.
 */
export async function loadOrCreateTokenSigner(folder: string, store: Store, now: number): Promise<TokenSigner> {
  const keys = join(folder, "token-keys");
  await mkdir(keys, { recursive: true, mode: 0o700 });
  if ((await store.signingKeys.list()).length === 0) await createKey(keys, store, now);
  const rows = await store.signingKeys.list();
  const kid = rows[0]?.kid ?? "";
  const key = await importJWK(await readPrivateKey(join(keys, `${kid}.json`)), "ES256");
  return {
    jwks: { keys: rows.map((row) => JSON.parse(row.publicJwk)) },
    sign: (claims) => new SignJWT(claims).setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid }).sign(key),
  };
}

async function createKey(folder: string, store: Store, now: number): Promise<void> {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const { d, ...rest } = await exportJWK(privateKey);
  const kid = await calculateJwkThumbprint(rest); // RFC 7638
  const publicJwk: JWK = { ...rest, kid, alg: "ES256", use: "sig" };
  // The file first: a file that no row knows of is harmless, a row without its file is not.
  await writePrivateFile(join(folder, `${kid}.json`), JSON.stringify({ ...publicJwk, d }));
  await store.signingKeys.add({ kid, publicJwk: JSON.stringify(publicJwk), createdAt: now });
}

async function readPrivateKey(path: string): Promise<JWK> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new Error(`${path} cannot be read. Restore it from your backup of the data folder.`, { cause });
  });
  return JSON.parse(text);
}
