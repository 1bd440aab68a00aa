import { InterlockError, type Reason, reasons } from "@interlock/bot";
import { decodeJwt, errors, type JWTVerifyGetKey, jwtVerify } from "jose";

/** An issuer of another organization, and what its tokens are good for here. */
export interface StrangerIssuer {
  /** The `iss` of its tokens. */
  readonly issuer: string;
  /** Its keys: `createRemoteJWKSet(url)` of `jose`, or a set at hand. */
  readonly keys: JWTVerifyGetKey;
  /** The member of the fleet that each `sub` is here. Others are refused. */
  readonly members: { readonly [subject: string]: string };
}

/** What a stranger's token proves. */
export interface Stranger {
  /** The name of the member that acts for it, for example `partner/acme`. */
  readonly member: string;
  /** The scopes that its own organization gave it. */
  readonly scopes: ReadonlySet<string>;
  /** When its token expires, in milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** The longest token that is read, in characters. */
const maximumLength = 8_192;

/**
 * Makes the verifier of strangers' tokens: JWTs for this audience, of at most an hour, signed with ES256 or RS256 by a declared
 * issuer, whose subject is a declared one.
 *
 * @returns A function that reads an `authorization` value. It rejects with an InterlockError with a reason.
 */
export function strangerTokens(issuers: readonly StrangerIssuer[], audience: string) {
  const byIssuer = new Map(issuers.map((one) => [one.issuer, one]));
  return async (authorization: readonly unknown[]): Promise<Stranger> => {
    const [shown, ...more] = authorization;
    if (shown === undefined) throw refusal("TOKEN_MISSING");
    if (more.length > 0) throw refusal("TOKEN_DUPLICATED");
    const token = /^Bearer (\S+)$/i.exec(String(shown))?.[1];
    if (token === undefined) throw refusal("TOKEN_NOT_BEARER");
    const from = byIssuer.get(issuerOf(token) ?? "");
    if (from === undefined) throw refusal("TOKEN_ISSUER");
    const { payload } = await jwtVerify(token, from.keys, {
      issuer: from.issuer,
      audience,
      algorithms: ["ES256", "RS256"],
      requiredClaims: ["exp", "iat", "sub"],
      maxTokenAge: "1h",
    }).catch((error) => {
      throw refusal(reasonOf(error), error);
    });
    const { sub = "", scope, exp = 0 } = payload;
    const member = Object.hasOwn(from.members, sub) ? from.members[sub] : undefined;
    if (member === undefined) throw refusal("CALLER_NOT_ALLOWED");
    const scopes = new Set(typeof scope === "string" ? scope.split(" ") : []);
    return { member, scopes, expiresAt: exp * 1_000 };
  };
}

/** Makes an error with a reason of Interlock's list, for strangers: the meaning of the reason, and nothing of the fleet. */
export function refusal(reason: Reason, cause?: unknown): InterlockError {
  const [code, meaning] = reasons[reason];
  return new InterlockError(code, `${meaning}.`, { reason, cause });
}

function issuerOf(token: string): string | undefined {
  if (token.length > maximumLength) throw refusal("TOKEN_MALFORMED");
  try {
    return decodeJwt(token).iss;
  } catch (cause) {
    throw refusal("TOKEN_MALFORMED", cause);
  }
}

function reasonOf(error: unknown): Reason {
  if (error instanceof errors.JWTExpired) return "TOKEN_EXPIRED";
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.claim === "aud" ? "TOKEN_AUDIENCE" : error.claim === "nbf" ? "TOKEN_NOT_YET_VALID" : "TOKEN_MALFORMED";
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return "TOKEN_ALGORITHM";
  if (error instanceof errors.JWKSNoMatchingKey) return "TOKEN_KEY_UNKNOWN";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "TOKEN_SIGNATURE";
  return error instanceof errors.JOSEError ? "TOKEN_MALFORMED" : "ISSUER_UNREACHABLE";
}
