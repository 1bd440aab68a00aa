import type { JSONWebKeySet, JWK, JWTPayload } from "jose";
import { isSoundRsaKey } from "../identity/rsa-key.js";
import { readBase64url } from "./base64url.js";

/** The signature algorithms of tokens. A shared secret or no signature is never allowed. */
export type TokenAlgorithm = "ES256" | "EdDSA" | "RS256";

/** The form of the tokens of an issuer. */
export interface TokenRules {
  readonly algorithms: readonly TokenAlgorithm[];
  /** The `typ` of their header. `JWT or none` also takes a token without one. */
  readonly type: "at+jwt" | "JWT" | "JWT or none";
  /** The longest lifetime, from `iat` to `exp`. */
  readonly maximumLifetimeMs: number;
  /** The claim that names the subject. */
  readonly subjectClaim: string;
  /** The SPIFFE ID for each value of that claim. A value that is not here is a SPIFFE ID itself. */
  readonly subjects: Readonly<Record<string, string>>;
  /** The claims that may hold the scopes. The first one that a token has counts. */
  readonly scopeClaims: readonly ("scope" | "scp")[];
  /** What stands before the name of a service in its URL (RFC 8707). Default: services have no URLs. */
  readonly resourcePrefix?: string | undefined;
}

/**
 * The longest lifetime of a token of the authority, from `iat` to `exp`. A client renews it after two fifths of that, so a
 * token outlives an outage of the authority by six minutes at least.
 */
export const maximumTokenLifetimeMs = 10 * 60_000;

/** The form of the authority's own tokens (RFC 9068). */
export const authorityTokens: TokenRules = {
  algorithms: ["ES256"],
  type: "at+jwt",
  maximumLifetimeMs: maximumTokenLifetimeMs,
  subjectClaim: "sub",
  subjects: {},
  scopeClaims: ["scope"],
};

const coordinateBytes = 32;

const fits: Record<TokenAlgorithm, (key: JWK) => boolean> = {
  ES256: ({ kty, crv, x, y }) => kty === "EC" && crv === "P-256" && isCoordinate(x) && isCoordinate(y),
  EdDSA: ({ kty, crv, x }) => kty === "OKP" && crv === "Ed25519" && isCoordinate(x),
  RS256: ({ kty, n, e }) => kty === "RSA" && isSoundRsaKey(bytesOf(n), bytesOf(e)),
};

// RFC 7518, sections 6.2.2, 6.3.2 and 6.4.1, and RFC 8037: a key that is published with these is nobody's secret.
const privateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/**
 * Whether a key may verify signatures of `algorithm`: it is of that kind, strong, meant for it, and public. Its members have
 * their one canonical form (RFC 7518, section 6).
 */
export function keyFits(key: JWK, algorithm: TokenAlgorithm): boolean {
  return isMeantFor(key, algorithm) && !privateMembers.some((name) => name in key) && fits[algorithm](key);
}

/** The keys of a set by which a token may be signed that names `kid` and `algorithm`. A `kid` may stand for several. */
export function keysFor({ keys }: JSONWebKeySet, kid: string, algorithm: TokenAlgorithm): readonly JWK[] {
  return keys.filter((key) => key.kid === kid && keyFits(key, algorithm));
}

/** Whether two keys are the same, by their names and by their numbers. */
export function isSameKey(a: JWK, b: JWK): boolean {
  return a === b || sameMembers.every((name) => a[name] === b[name]);
}

const sameMembers = ["kid", "kty", "crv", "x", "y", "n", "e"] as const;

// RFC 7517, sections 4.2 to 4.4: what a key does not say, it does not restrict.
function isMeantFor({ alg, use, key_ops: operations }: JWK, algorithm: TokenAlgorithm): boolean {
  if (alg !== undefined && alg !== algorithm) return false;
  if (use !== undefined && use !== "sig") return false;
  return operations === undefined || (Array.isArray(operations) && operations.includes("verify"));
}

function isCoordinate(text: unknown): boolean {
  return readBase64url(text)?.length === coordinateBytes; // RFC 7518, section 6.2.1.2: of full size.
}

function bytesOf(text: unknown): Uint8Array {
  return readBase64url(text) ?? new Uint8Array();
}

/** The SPIFFE ID of the subject that a token names; `undefined` when it names none. */
export function subjectOf(payload: JWTPayload, { subjectClaim, subjects }: TokenRules): string | undefined {
  const value = payload[subjectClaim];
  if (typeof value !== "string") return undefined;
  return Object.hasOwn(subjects, value) ? subjects[value] : value;
}
