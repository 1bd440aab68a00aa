import { webcrypto } from "node:crypto";
import {
  type Clock,
  createIdentity,
  createIdentityHolder,
  createKeyPair,
  type Identity,
  type IdentitySource,
} from "@interlock/bot";
import { spiffeId } from "@interlock/policy";
import type { Ca } from "./ca/ca.js";
import { authorityName } from "./names.js";

/** The authority's own identity. Key and certificate are made at every start and live in memory only. */
export interface OwnIdentity extends IdentitySource {
  /** Makes a new one when half of the life of this one has passed. */
  renewIfDue(): Promise<void>;
}

/** Makes the authority's first identity; `hosts` are the DNS names and IP addresses that its certificate names besides. */
export async function createOwnIdentity(
  ca: Ca,
  trustDomain: string,
  clock: Clock,
  hosts: readonly string[] = [],
): Promise<OwnIdentity> {
  async function issue(): Promise<Identity> {
    const keys = await createKeyPair();
    const key = await webcrypto.subtle.exportKey("spki", keys.publicKey);
    const { uri } = spiffeId(trustDomain, authorityName);
    const chain = await ca.issueLeaf(uri, new Uint8Array(key), clock.now(), hosts);
    // With the root, which a bot that joins compares with the digest in its join token.
    return createIdentity(keys.privateKeyPem, [...chain, ca.certificate]);
  }
  const holder = createIdentityHolder(await issue());
  return {
    current: holder.current,
    onChange: holder.onChange,
    async renewIfDue() {
      const { notBefore, notAfter } = holder.current().leaf;
      if (clock.now() >= (notBefore + notAfter) / 2) holder.replace(await issue());
    },
  };
}
