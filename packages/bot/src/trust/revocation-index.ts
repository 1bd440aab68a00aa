import { matchesIdentity, type SpiffeId } from "@interlock/policy";
import type { Reason } from "../base/reason.js";
import type { Certificate } from "../identity/certificate.js";
import type { Revocation } from "./revocation.js";

/** Answers what is revoked, in O(1) for every call. */
export interface RevocationIndex {
  /** The reason why this peer is revoked, or `undefined`. */
  peer(spiffeId: string, certificate: Certificate): Reason | undefined;
  /** Whether a bot is revoked by its name. Patterns are compared one by one. */
  identity(id: SpiffeId): boolean;
  /** Whether a token is revoked. */
  token(jti: string): boolean;
  /** Whether exactly this is revoked: a bot that a pattern matches is not. */
  has(revocation: Pick<Revocation, "kind" | "subject">): boolean;
}

/**
 * Indexes revocations. Exact ones are look-ups in sets. Patterns are few, and are matched once with each certificate, which
 * is parsed once per connection; after that they are a look-up, too. A bot of another trust domain than `trustDomain` goes by its
 * whole SPIFFE ID, which no pattern without a domain matches; the serial numbers of revoked certificates are those of the own domain.
 */
export function indexRevocations(revocations: readonly Revocation[], trustDomain: string): RevocationIndex {
  const identities = new Set<string>();
  const certificates = new Set<string>();
  const tokens = new Set<string>();
  const exactPatterns = new Set<string>();
  const byKind = new Map(
    Object.entries({ identity: identities, certificate: certificates, token: tokens, pattern: exactPatterns }),
  );
  for (const { kind, subject } of revocations) byKind.get(kind)?.add(subject);
  const patterns = [...exactPatterns];
  const own = `spiffe://${trustDomain}/`;
  const matched = new WeakMap<Certificate, boolean>();

  function matchesPattern(spiffeId: string, certificate: Certificate): boolean {
    const known = matched.get(certificate);
    if (known !== undefined) return known;
    const name = spiffeId.startsWith(own) ? spiffeId.slice(own.length) : spiffeId;
    const matches = patterns.some((pattern) => matchesIdentity(pattern, name));
    matched.set(certificate, matches);
    return matches;
  }

  return {
    peer(spiffeId, certificate) {
      if (identities.has(spiffeId)) return "IDENTITY_REVOKED";
      // The CA of another domain chooses its numbers itself, and may choose one of ours.
      if (spiffeId.startsWith(own) && certificates.has(certificate.serial)) return "CERTIFICATE_REVOKED";
      if (patterns.length > 0 && matchesPattern(spiffeId, certificate)) return "IDENTITY_REVOKED";
      return undefined;
    },
    identity: ({ uri, name }) => identities.has(uri) || patterns.some((pattern) => matchesIdentity(pattern, name)),
    token: (jti) => tokens.has(jti),
    has: ({ kind, subject }) => byKind.get(kind)?.has(subject) ?? false,
  };
}
