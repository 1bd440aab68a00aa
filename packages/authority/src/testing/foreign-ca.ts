import { webcrypto } from "node:crypto";
import { createKeyPair, type Identity } from "@interlock/bot";
import { createIdentity } from "@interlock/bot/internal";
import { createCa, createRoot } from "../ca/ca.js";

/** A CA without an authority: its certificates are valid, but do not belong to a fleet. */
export interface ForeignCa {
  /** DER. */
  readonly certificate: Uint8Array;
  issue(uri: string, hosts?: readonly string[]): Promise<Identity>;
}

/** Creates a foreign CA for a trust domain. */
export async function foreignCa(trustDomain: string): Promise<ForeignCa> {
  const { privateKeyPem } = await createKeyPair();
  const certificate = await createRoot(privateKeyPem, trustDomain, Date.now());
  const ca = await createCa([certificate], privateKeyPem, () => 3_600_000);
  return {
    certificate,
    async issue(uri, hosts) {
      const keys = await createKeyPair();
      const spki = await webcrypto.subtle.exportKey("spki", keys.publicKey);
      return createIdentity(keys.privateKeyPem, await ca.issueLeaf(uri, new Uint8Array(spki), Date.now(), hosts));
    },
  };
}
