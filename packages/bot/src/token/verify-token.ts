import { isFederatedName, type SpiffeId } from "@interlock/policy";
import type { JSONWebKeySet, JWK, JWTClaimVerificationOptions, JWTPayload } from "jose";
import * as errors from "jose/errors";
import { jwtVerify } from "jose/jwt/verify";
import { importJWK } from "jose/key/import";
import { clockSkewMs, clocksDiffer } from "../base/clock.js";
import { denial } from "../base/error.js";
import type { Reason } from "../base/reason.js";
import type { Certificate } from "../identity/certificate.js";
import type { TrustState } from "../trust/trust.js";
import { readActors, readIdentity } from "./actors.js";
import { type NarrowedScopes, readNarrowedScopes } from "./narrowed-scope.js";
import { readAudiences } from "./read-audiences.js";
import { approvalClaim, delegationClaim, readLimits, type TokenLimits } from "./read-delegation.js";
import { type KeyName, readHeader } from "./read-header.js";
import { readScopes } from "./read-scopes.js";
import { authorityTokens, keysFor, subjectOf, type TokenAlgorithm } from "./token-rules.js";

/** The claim with the version of the grants under which a token was issued; see `trust/cut-offs.ts`. */
export const grantsClaim = "grants_version";

/** The claim of a token that was exchanged: the `jti` of each token that it came from, the newest first. */
export const exchangedClaim = "exchanged_from";

/**
 * The claim with the scopes that a token holds under conditions only. None of them is in `scope`, so that a server which does not
 * know this claim refuses them; see `narrowed-scope.ts`.
 */
export const narrowedClaim = "narrowed_scope";

/** The claims that only the authority may write: it knows which bots may act for others, and which calls an operator has approved. */
const ofAuthority = [delegationClaim, approvalClaim, "act"] as const;

/** How many keys of one `kid` and kind are tried: an issuer may use a `kid` again (RFC 7517, section 4.5, only advises). */
const maximumKeysOfOneName = 4;

/** The contents of a token whose signature and claims have been verified. */
export interface VerifiedToken extends TokenLimits {
  readonly jti: string;
  /** The bot whose scopes it holds. */
  readonly subject: SpiffeId;
  /** Name of the subject. */
  readonly name: string;
  /** The bots that act for the subject, the one that shows the token first. Empty when the subject shows it itself. */
  readonly actors: readonly SpiffeId[];
  /** The `jti` of each token that it was exchanged from. It is revoked together with any of them. */
  readonly ancestors: readonly string[];
  /** The thumbprint of the certificate that it is bound to. */
  readonly thumbprint: string;
  /** The key that signed it. */
  readonly key: JWK;
  readonly audiences: ReadonlySet<string>;
  /** Those that it holds for every request. */
  readonly scopes: ReadonlySet<string>;
  /** Those that it holds under conditions, all of which have to be true of a request; none of them is in `scopes`. */
  readonly narrowed: NarrowedScopes;
  /** The version of the grants under which it was issued; 0 when the token has none. */
  readonly grantsVersion: number;
  /** Milliseconds since the epoch. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** The basis on which a token itself is verified. */
export interface TokenBasis {
  readonly trust: TrustState;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The basis on which a token and its bearer are verified. */
export interface TokenExpectation extends TokenBasis {
  /** The bot that shows the token, by the connection that it came over. */
  readonly spiffeId: SpiffeId;
  readonly certificate: Certificate;
  /** Earlier certificates of the bearer on that connection; see `vouchFor`. */
  readonly earlier?: readonly Certificate[];
}

/**
 * Verifies an access token (RFC 9068) that is bound to its bearer's certificate (RFC 8705, section 3), and that either is the
 * bearer's own or names it as the actor (RFC 8693, section 4.1). Audience, expiry and revocation are looked up on every
 * call; see `admission/authenticate.ts`.
 *
 * @param token - The token, without `Bearer`.
 * @param expectation - The trust, and the bearer.
 * @returns The contents of the token.
 * @throws A denial with one of the `TOKEN_…` reasons or `ACTOR_CHAIN_TOO_LONG`.
 */
export async function verifyToken(token: string, expectation: TokenExpectation): Promise<VerifiedToken> {
  const { spiffeId, certificate, earlier = [], now } = expectation;
  const verified = await verifyOf(token, expectation, spiffeId);
  const [actor] = verified.actors;
  if (actor && actor.uri !== spiffeId.uri) throw denial("TOKEN_ACTOR_MISMATCH");
  if (!actor && verified.subject.uri !== spiffeId.uri) throw denial("TOKEN_SUBJECT_MISMATCH");
  const proved = [certificate, ...earlier.filter(({ notAfter }) => now < notAfter)];
  if (!proved.some(({ thumbprint }) => thumbprint === verified.thumbprint)) throw denial("TOKEN_BINDING_MISMATCH");
  return verified;
}

/**
 * Verifies a token without checking its bearer. It is for an authority, which is asked about the tokens of other bots. Those of bots
 * of federated trust domains are refused: none but the bot itself can use one.
 *
 * @throws As {@link verifyToken} does.
 */
export function unsafeVerifyUnbound(token: string, basis: TokenBasis): Promise<VerifiedToken> {
  return verifyOf(token, basis, undefined);
}

async function verifyOf(
  token: string,
  { trust, now }: TokenBasis,
  bearer: SpiffeId | undefined,
): Promise<VerifiedToken> {
  const rules = trust.tokenRules ?? authorityTokens;
  const name = readHeader(token, rules);
  const { payload, key } = await verifySignature(token, name, {
    jwks: trust.jwks,
    algorithms: rules.algorithms,
    now,
    claims: {
      issuer: [trust.issuer, ...(trust.formerIssuers ?? [])],
      requiredClaims: ["iss", "aud", "exp", "iat", "sub", "jti", "cnf"],
    },
  });
  const { exp = 0, iat = 0, nbf = 0 } = payload;
  if ((exp - iat) * 1_000 > rules.maximumLifetimeMs || exp <= iat) throw denial("TOKEN_LIFETIME");
  checkTimes({ exp, begins: Math.max(iat, nbf) }, now);
  const claimed = trust.tokenRules && ofAuthority.find((claim) => claim in payload);
  if (claimed) throw denial("TOKEN_MALFORMED", `"${claimed}" is not for this issuer to say`);
  const subject = ownToken(payload, trust, bearer)
    ? bearer
    : readIdentity(subjectOf(payload, rules), trust.trustDomain, rules.subjectClaim);
  return {
    jti: readId(payload.jti),
    subject,
    name: subject.name,
    actors: readActors(payload, trust.trustDomain),
    ancestors: readAncestors(payload[exchangedClaim]),
    thumbprint: boundTo(payload),
    key,
    audiences: readAudiences(payload.aud, rules),
    scopes: readScopes(payload, rules),
    narrowed: readNarrowedScopes(payload[narrowedClaim]),
    grantsVersion: Number.isSafeInteger(payload[grantsClaim]) ? (payload[grantsClaim] as number) : 0,
    issuedAt: iat * 1_000,
    expiresAt: exp * 1_000,
    ...readLimits(payload),
  };
}

/**
 * Whether a token is of the bot at the other end itself, where that is of a federated trust domain. Such a bot acts for nobody, nobody
 * acts for it, and the authority alone issues tokens to it.
 */
function ownToken(payload: JWTPayload, { tokenRules }: TrustState, bearer: SpiffeId | undefined): bearer is SpiffeId {
  if (bearer === undefined || !isFederatedName(bearer.name) || tokenRules !== undefined) return false;
  return payload.sub === bearer.uri && !("act" in payload);
}

/**
 * Checks that a token has begun, with the declared skew, and has not ended. Times are in seconds, as in its claims.
 *
 * @throws A denial that names the clock.
 */
export function checkTimes({ exp, begins }: { readonly exp: number; readonly begins: number }, now: number): void {
  // jose's tolerance is meant for `nbf` only.
  if (exp * 1_000 <= now) throw denial("TOKEN_EXPIRED", clocksDiffer("it ended", exp * 1_000, now));
  if (begins * 1_000 > now + clockSkewMs) {
    throw denial("TOKEN_NOT_YET_VALID", clocksDiffer("it begins", begins * 1_000, now));
  }
}

/** What the signature of a JWT and its registered claims are verified against. */
export interface SignatureExpectation {
  readonly jwks: JSONWebKeySet;
  readonly algorithms: readonly TokenAlgorithm[];
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly claims: Pick<JWTClaimVerificationOptions, "issuer" | "audience" | "requiredClaims">;
}

/**
 * Verifies the signature of a JWT (RFC 7519) and its registered claims. The caller has read its header with `readHeader`.
 *
 * @throws A denial with one of the `TOKEN_…` reasons.
 */
export async function verifySignature(
  token: string,
  { kid, algorithm }: KeyName,
  { jwks, algorithms, now, claims }: SignatureExpectation,
): Promise<{ readonly payload: JWTPayload; readonly key: JWK }> {
  let failure: unknown = new errors.JWKSNoMatchingKey();
  for (const key of keysFor(jwks, kid, algorithm).slice(0, maximumKeysOfOneName)) {
    try {
      const { payload } = await jwtVerify(token, await importJWK(key, algorithm), {
        ...claims,
        algorithms: [...algorithms],
        currentDate: new Date(now),
        clockTolerance: clockSkewMs / 1_000,
      });
      return { payload, key };
    } catch (error) {
      failure = error;
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) break; // Another key would change nothing.
    }
  }
  throw denial(reasonOf(failure), detailOf(failure, now), {}, failure);
}

/** Which claim is missing, or what a token says of its times, where that is the reason. */
function detailOf(error: unknown, now: number): string {
  if (!(error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed)) return "";
  if (error.reason === "missing") return `there is no "${error.claim}"`;
  const { exp, nbf } = error.payload;
  const reason = reasonOf(error);
  if (reason === "TOKEN_EXPIRED" && exp !== undefined) return clocksDiffer("it ended", exp * 1_000, now);
  if (reason === "TOKEN_NOT_YET_VALID" && nbf !== undefined) return clocksDiffer("it begins", nbf * 1_000, now);
  return "";
}

function reasonOf(error: unknown): Reason {
  if (error instanceof errors.JWKSNoMatchingKey) return "TOKEN_KEY_UNKNOWN";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "TOKEN_SIGNATURE";
  if (error instanceof errors.JOSEAlgNotAllowed) return "TOKEN_ALGORITHM";
  if (error instanceof errors.JWTExpired) return "TOKEN_EXPIRED";
  if (error instanceof errors.JWTClaimValidationFailed && error.reason === "check_failed") {
    if (error.claim === "iss") return "TOKEN_ISSUER";
    if (error.claim === "aud") return "TOKEN_AUDIENCE";
    if (error.claim === "nbf") return "TOKEN_NOT_YET_VALID";
  }
  return "TOKEN_MALFORMED";
}

function boundTo(payload: JWTPayload): string {
  const confirmation = payload.cnf;
  const thumbprint =
    typeof confirmation === "object" && confirmation !== null && "x5t#S256" in confirmation
      ? confirmation["x5t#S256"]
      : undefined;
  if (typeof thumbprint !== "string" || thumbprint === "") throw denial("TOKEN_BINDING_MISMATCH");
  return thumbprint;
}

function readId(jti: unknown): string {
  if (typeof jti !== "string") throw denial("TOKEN_MALFORMED", '"jti" is no text');
  return jti;
}

function readAncestors(claim: unknown = []): readonly string[] {
  if (!Array.isArray(claim)) throw denial("TOKEN_MALFORMED", `"${exchangedClaim}" is no list`);
  return claim.map(readId);
}
