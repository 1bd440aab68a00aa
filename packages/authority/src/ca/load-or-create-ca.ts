import { caDigest, createKeyPair } from "@interlock/bot";
import type { KeyVault } from "../key-vault/key-vault.js";
import type { Store } from "../store/store.js";
import { type Ca, createCa, createRoot } from "./ca.js";
import { X509Certificate } from "./x509.js";

/** Where the CA is, and for whom. */
export interface CaOptions {
  readonly store: Store;
  readonly trustDomain: string;
  /** How long leaves are valid, in milliseconds. */
  readonly leafTtlMs: number;
  readonly now: number;
  /** Where the private key is, as `ca.key`. */
  readonly vault: KeyVault;
}

const name = "ca.key";

/**
 * The fleet's CA; made when there is none yet. Throws when the certificate is known and its private key is missing or
 * another: nothing is ever made anew over a CA that bots trust.
 */
export async function loadOrCreateCa(options: CaOptions): Promise<Ca> {
  const { store, trustDomain, leafTtlMs, now, vault } = options;
  const [known] = await store.caCertificates.list();
  const saved = await vault.read(name);
  if (known) {
    if (saved === undefined) throw vault.missing(name);
    return createCa(Uint8Array.from(Buffer.from(known.certificate, "base64")), saved, leafTtlMs);
  }
  // A key without a certificate is from a start that was cut short; it has signed nothing, so it can be used.
  const key = saved ?? (await createKeyPair()).privateKeyPem;
  if (saved === undefined) await vault.write(name, key);
  const root = await createRoot(key, trustDomain, now);
  await store.caCertificates.add({
    digest: Buffer.from(caDigest(root)).toString("base64url"),
    certificate: Buffer.from(root).toString("base64"),
    createdAt: now,
    notAfter: new X509Certificate(root).notAfter.getTime(),
  });
  return createCa(root, key, leafTtlMs);
}
