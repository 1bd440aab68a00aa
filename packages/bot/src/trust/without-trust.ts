import type { TrustState } from "./trust.js";

/** The trust of a bot before its first word from an authority. It never becomes stale, because no word is expected. */
export function withoutTrust(trustDomain: string): TrustState {
  return {
    version: 0n,
    trustDomain,
    issuer: "",
    caCertificates: [],
    jwks: { keys: [] },
    revocations: [],
    staleAfterMs: Number.POSITIVE_INFINITY,
  };
}
