import type { JWK, JWTPayload } from "jose";

/** The signature algorithms of tokens. A shared secret or no signature is never allowed. */
export type TokenAlgorithm = "ES256" | "EdDSA" | "RS256";

/** The form of the tokens of an issuer. */
export interface TokenRules {
  readonly algorithms: readonly TokenAlgorithm[];
  /** The `typ` of their header. */
  readonly type: "at+jwt" | "JWT";
  /** The longest lifetime, from `iat` to `exp`. */
  readonly maximumLifetimeMs: number;
  /** The claim that names the subject. */
  readonly subjectClaim: string;
  /** The SPIFFE ID for each value of that claim. A value that is not here is a SPIFFE ID itself. */
  readonly subjects: Readonly<Record<string, string>>;
}

/** The longest lifetime of a token of the authority, from `iat` to `exp`. */
export const maximumTokenLifetimeMs = 5 * 60_000;

/** The form of the authority's own tokens (RFC 9068). */
export const authorityTokens: TokenRules = {
  algorithms: ["ES256"],
  type: "at+jwt",
  maximumLifetimeMs: maximumTokenLifetimeMs,
  subjectClaim: "sub",
  subjects: {},
};

const minimumRsaBits = 2_048;

const fits: Record<TokenAlgorithm, (key: JWK) => boolean> = {
  ES256: ({ kty, crv }) => kty === "EC" && crv === "P-256",
  EdDSA: ({ kty, crv }) => kty === "OKP" && crv === "Ed25519",
  RS256: ({ kty, n }) => kty === "RSA" && typeof n === "string" && bitsOf(n) >= minimumRsaBits,
};

/** Whether a key may verify signatures of `algorithm`: it is of that kind, long enough, and meant for it. */
export function keyFits(key: JWK, algorithm: TokenAlgorithm): boolean {
  const meant = (key.alg === undefined || key.alg === algorithm) && (key.use === undefined || key.use === "sig");
  return meant && fits[algorithm](key);
}

/** The SPIFFE ID of the subject that a token names; `undefined` when it names none. */
export function subjectOf(payload: JWTPayload, { subjectClaim, subjects }: TokenRules): string | undefined {
  const value = payload[subjectClaim];
  if (typeof value !== "string") return undefined;
  return Object.hasOwn(subjects, value) ? subjects[value] : value;
}

function bitsOf(modulus: string): number {
  const bytes = Buffer.from(modulus, "base64url");
  const first = bytes.findIndex((byte) => byte !== 0);
  return first < 0 ? 0 : (bytes.length - first) * 8 - Math.clz32(bytes[first] as number) + 24;
}
