import { parseSpiffeId, type SpiffeId } from "@interlock/policy";
import type { Unsubscribe } from "../base/subscription.js";
import { type Certificate, parseCertificate } from "./certificate.js";

/** The certificate and key with which a bot proves its identity. Immutable: a renewal makes a new one. */
export interface Identity {
  /** The SPIFFE ID in the leaf. */
  readonly spiffeId: SpiffeId;
  /** The private key (PKCS #8, PEM). It never leaves the bot. */
  readonly privateKey: string;
  /** The certificates, DER: the leaf first, then intermediates. */
  readonly chain: readonly Uint8Array[];
  /** The parsed leaf. */
  readonly leaf: Certificate;
}

/** An identity that the authority, or a provider, keeps current. */
export interface IdentitySource {
  /** The identity at this moment. */
  current(): Identity;
  /**
   * Calls `listener` after each renewal.
   *
   * @param listener - Gets the new identity.
   * @returns A function that ends the subscription.
   */
  onChange(listener: (identity: Identity) => void): Unsubscribe;
}

/** Creates an identity from its key and its chain. Throws an `Error` when the leaf does not have exactly one SPIFFE ID. */
export function createIdentity(privateKey: string, chain: readonly Uint8Array[]): Identity {
  const [der] = chain;
  if (!der) throw new Error("The certificate chain is empty.");
  const leaf = parseCertificate(der);
  const spiffeId = leaf.uris.length === 1 ? parseSpiffeId(leaf.uris[0] ?? "") : undefined;
  if (!spiffeId) throw new Error("The certificate does not have exactly one SPIFFE ID.");
  return { spiffeId, privateKey, chain, leaf };
}
