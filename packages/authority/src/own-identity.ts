import { webcrypto } from "node:crypto";
import { type Clock, createKeyPair, createObservable, type Identity, type IdentitySource } from "@interlock/bot";
import { createIdentity } from "@interlock/bot/internal";
import { spiffeId } from "@interlock/policy";
import type { CertificateAuthority } from "./ca/certificate-authority.js";
import { digestOf } from "./ca/grow-ca.js";
import { authorityName } from "./names.js";

/** The authority's own identity. Key and certificate are made at every start and live in memory only. */
export interface OwnIdentity extends IdentitySource {
  /** Makes a new one when half of the life of this one has passed, or when it stands below another root than it should. */
  renewIfDue(): Promise<void>;
}

/** Makes the authority's first identity; `hosts` are the DNS names and IP addresses that its certificate names besides. */
export async function createOwnIdentity(
  ca: CertificateAuthority,
  trustDomain: string,
  clock: Clock,
  hosts: readonly string[] = [],
): Promise<OwnIdentity> {
  let root = "";

  async function issue(): Promise<Identity> {
    const keys = await createKeyPair();
    const key = await webcrypto.subtle.exportKey("spki", keys.publicKey);
    const { uri } = spiffeId(trustDomain, authorityName);
    const issued = await ca.issueOwn(uri, new Uint8Array(key), clock.now(), hosts);
    root = issued.root;
    return createIdentity(keys.privateKeyPem, issued.chain);
  }
  const holder = createObservable(await issue());
  return {
    current: holder.current,
    onChange: holder.onChange,
    async renewIfDue() {
      const { notBefore, notAfter } = holder.current().leaf;
      const due = clock.now() >= (notBefore + notAfter) / 2;
      if (due || root !== digestOf(ca.pinned)) holder.replace(await issue());
    },
  };
}
