import { X509Certificate } from "node:crypto";
import { isIssuedBy } from "../identity/is-issued-by.js";
import { caDigest } from "../identity/join-token.js";
import type { TrustState } from "./trust.js";

type Bundle = Pick<TrustState, "caCertificates">;

/** The root (DER) in the bundle that a chain (DER, the leaf first) leads to; `undefined` when there is none. */
export function rootOf(chain: readonly Uint8Array[], { caCertificates }: Bundle): Uint8Array | undefined {
  const last = chain.at(-1);
  if (!last) return undefined;
  const below = new X509Certificate(last);
  return caCertificates.find((der) => Buffer.compare(der, last) === 0 || isIssuedBy(below, new X509Certificate(der)));
}

/** Whether a chain leads to the root that signs certificates now. True when that root is not known. */
export function isBelowActive(chain: readonly Uint8Array[], state: Bundle & Pick<TrustState, "activeCa">): boolean {
  if (state.activeCa === undefined) return true;
  const root = rootOf(chain, state);
  return root !== undefined && Buffer.from(caDigest(root)).toString("base64url") === state.activeCa;
}
