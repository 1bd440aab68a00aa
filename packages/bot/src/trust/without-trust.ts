import type { TrustState } from "./trust.js";

/** The trust of a bot that nobody has told anything yet; it does not become stale, because nobody is expected to. */
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
