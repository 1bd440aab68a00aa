import type { SpiffeId } from "@interlock/policy";
import {
  decodeProtectedHeader,
  errors,
  importJWK,
  type JWTPayload,
  type JWTVerifyResult,
  jwtVerify,
  type ProtectedHeaderParameters,
} from "jose";
import { denial } from "../error.js";
import type { Certificate } from "../identity/certificate.js";
import type { Reason } from "../reason.js";
import type { TrustState } from "../trust/trust.js";

/** The longest that a token may live, from `iat` to `exp`. */
export const maximumTokenLifetimeMs = 5 * 60_000;

/** The claim that says under which version of the grants a token was issued; see `trust/cut-offs.ts`. */
export const grantsClaim = "grants_version";

/** How far another machine's clock may run ahead of ours before its `iat` or `nbf` counts as in the future. */
const clockSkewMs = 5_000;
const maximumLength = 8_192;

/** What is known of a token once its signature, its claims and its binding have been verified. */
export interface VerifiedToken {
  readonly jti: string;
  /** Of the bot it was issued to. */
  readonly name: string;
  /** `kid` of the key that signed it. */
  readonly keyId: string;
  readonly audiences: ReadonlySet<string>;
  readonly scopes: ReadonlySet<string>;
  /** The version of the grants under which it was issued; 0 when it does not say. */
  readonly grantsVersion: number;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** What a token is verified against. */
export interface TokenExpectation {
  readonly trust: TrustState;
  /** Who shows the token, by the connection it came over. */
  readonly spiffeId: SpiffeId;
  readonly certificate: Certificate;
  /** What else the bearer has proved itself with on that connection; see `vouchFor`. */
  readonly earlier?: readonly Certificate[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Verifies an access token (RFC 9068) that is bound to its bearer's certificate (RFC 8705, section 3). Audience,
 * expiry and revocation are looked up again on every call; see the `authenticate` interceptor.
 *
 * Rejects with a denial, one of the `TOKEN_…` reasons.
 */
export async function verifyToken(token: string, expectation: TokenExpectation): Promise<VerifiedToken> {
  const { trust, spiffeId, certificate, earlier = [], now } = expectation;
  const keyId = checkHeader(readHeader(token));
  const { payload } = await verifySignature(token, trust, now);
  const { exp = 0, iat = 0, nbf = 0 } = payload;
  if ((exp - iat) * 1_000 > maximumTokenLifetimeMs || exp <= iat) throw denial("TOKEN_LIFETIME");
  if (exp * 1_000 <= now) throw denial("TOKEN_EXPIRED"); // jose's tolerance is for `nbf` alone.
  if (Math.max(iat, nbf) * 1_000 > now + clockSkewMs) throw denial("TOKEN_NOT_YET_VALID");
  if (payload.sub !== spiffeId.uri) throw denial("TOKEN_SUBJECT_MISMATCH");
  const bound = boundTo(payload);
  const proved = [certificate, ...earlier.filter(({ notAfter }) => now < notAfter)];
  if (!proved.some(({ thumbprint }) => thumbprint === bound)) throw denial("TOKEN_BINDING_MISMATCH");
  return {
    jti: payload.jti as string,
    name: spiffeId.name,
    keyId,
    audiences: new Set([payload.aud ?? []].flat()),
    scopes: new Set(typeof payload.scope === "string" ? payload.scope.split(" ").filter(Boolean) : []),
    grantsVersion: Number.isSafeInteger(payload[grantsClaim]) ? (payload[grantsClaim] as number) : 0,
    expiresAt: exp * 1_000,
  };
}

function readHeader(token: string): ProtectedHeaderParameters {
  if (token.length > maximumLength) throw denial("TOKEN_MALFORMED", `it is longer than ${maximumLength} characters`);
  try {
    return decodeProtectedHeader(token);
  } catch (error) {
    throw denial("TOKEN_MALFORMED", "", {}, error);
  }
}

/** Gives the `kid`. Whoever sends a token writes its header: nothing in it need be of the type it should be. */
function checkHeader(header: ProtectedHeaderParameters): string {
  if (header.alg !== "ES256") throw denial("TOKEN_ALGORITHM");
  // A key that comes with the token proves nothing, and fetching one is a request that a stranger steers
  // (RFC 8725, section 3.10).
  for (const name of ["jwk", "jku", "x5u", "x5c", "crit"]) {
    if (name in header) throw denial("TOKEN_HEADER", `"${name}" is not accepted`);
  }
  if (typeof header.kid !== "string") throw denial("TOKEN_MALFORMED", 'there is no "kid"');
  if (typeof header.typ !== "string" || header.typ.toLowerCase() !== "at+jwt") throw denial("TOKEN_TYPE");
  return header.kid;
}

async function verifySignature(token: string, trust: TrustState, now: number): Promise<JWTVerifyResult> {
  try {
    return await jwtVerify(token, ({ kid }) => findKey(trust, kid), {
      algorithms: ["ES256"],
      issuer: trust.issuer,
      requiredClaims: ["iss", "aud", "exp", "iat", "sub", "jti", "cnf"],
      currentDate: new Date(now),
      clockTolerance: clockSkewMs / 1_000,
    });
  } catch (error) {
    throw denial(reasonOf(error), "", {}, error);
  }
}

async function findKey(trust: TrustState, kid: string | undefined) {
  const jwk = trust.jwks.keys.find((key) => key.kid === kid);
  if (jwk?.kty !== "EC" || jwk.crv !== "P-256") throw new errors.JWKSNoMatchingKey();
  return importJWK(jwk, "ES256");
}

function reasonOf(error: unknown): Reason {
  if (error instanceof errors.JWKSNoMatchingKey) return "TOKEN_KEY_UNKNOWN";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "TOKEN_SIGNATURE";
  if (error instanceof errors.JOSEAlgNotAllowed) return "TOKEN_ALGORITHM";
  if (error instanceof errors.JWTExpired) return "TOKEN_EXPIRED";
  if (error instanceof errors.JWTClaimValidationFailed && error.reason === "check_failed") {
    if (error.claim === "iss") return "TOKEN_ISSUER";
    if (error.claim === "nbf") return "TOKEN_NOT_YET_VALID";
  }
  return "TOKEN_MALFORMED";
}

function boundTo(payload: JWTPayload): unknown {
  const confirmation = payload.cnf;
  return typeof confirmation === "object" && confirmation !== null && "x5t#S256" in confirmation
    ? confirmation["x5t#S256"]
    : undefined;
}
