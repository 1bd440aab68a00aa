/** A bot, a certificate or a token that is revoked. */
export interface Revocation {
  readonly kind: "identity" | "pattern" | "certificate" | "token";
  /** A SPIFFE ID, an identity pattern, a certificate serial number in lower-case hex, or a token's `jti`, by {@link kind}. */
  readonly subject: string;
  /** Milliseconds since the epoch. */
  readonly revokedAt: number;
  /** The words of the operator that revoked it. */
  readonly reason: string;
}

/** The key of what is revoked: two revocations of one thing have the same. */
export function revocationKey({ kind, subject }: Pick<Revocation, "kind" | "subject">): string {
  return `${kind} ${subject}`;
}
