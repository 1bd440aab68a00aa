import { parseSpiffeId, type SpiffeId } from "@interlock/policy";
import type { Unsubscribe } from "../base/subscription.js";
import { type Certificate, parseCertificate } from "./certificate.js";

/** What a bot proves itself with. Immutable; a renewal makes a new one. */
export interface Identity {
  readonly spiffeId: SpiffeId;
  /** PKCS #8, PEM. It never leaves the bot. */
  readonly privateKey: string;
  /** DER, the leaf first, then intermediates. */
  readonly chain: readonly Uint8Array[];
  /** The leaf, read. */
  readonly leaf: Certificate;
}

/** Where a bot's identity comes from: the authority, or anything else that keeps one current. */
export interface IdentitySource {
  current(): Identity;
  onChange(listener: (identity: Identity) => void): Unsubscribe;
}

/** Puts an identity together from its key and its chain. Throws when the leaf is not exactly one SPIFFE ID's. */
export function createIdentity(privateKey: string, chain: readonly Uint8Array[]): Identity {
  const [der] = chain;
  if (!der) throw new Error("The certificate chain is empty.");
  const leaf = parseCertificate(der);
  const spiffeId = leaf.uris.length === 1 ? parseSpiffeId(leaf.uris[0] ?? "") : undefined;
  if (!spiffeId) throw new Error("The certificate does not have exactly one SPIFFE ID.");
  return { spiffeId, privateKey, chain, leaf };
}
