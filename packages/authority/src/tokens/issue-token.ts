import { randomBytes } from "node:crypto";
import { type Certificate, denial, grantsClaim, InterlockError, maximumTokenLifetimeMs } from "@interlock/bot";
import { isScope, type SpiffeId } from "@interlock/policy";
import { type Grants, grantedScopes } from "../grants/grants.js";
import { isServiceName } from "../service-name.js";
import type { TokenSigner } from "./token-signer.js";

const maximumScopes = 128;

/** What a token is issued from. */
export interface TokenRequest {
  readonly signer: TokenSigner;
  readonly grants: Grants;
  /** The version of the grants. */
  readonly grantsVersion: number;
  readonly issuer: string;
  /** Who asks, and the certificate it is bound to. */
  readonly caller: { readonly spiffeId: SpiffeId; readonly certificate: Certificate };
  /** The full name of the service it is for. */
  readonly audience: string;
  readonly scopes: readonly string[];
  /** How long it lives, in milliseconds; never past the maximum of 5 minutes, nor past the certificate. */
  readonly ttlMs: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** A token that was issued. */
export interface IssuedToken {
  readonly token: string;
  readonly jti: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** What it holds: those of the scopes asked for that are granted. */
  readonly scopes: readonly string[];
}

/**
 * Issues an access token (RFC 9068) that is bound to the caller's certificate (RFC 8705, section 3.1). Rejects with
 * `NO_GRANT` when none of the scopes is granted, and with `INVALID_ARGUMENT` when the request is malformed.
 */
export async function issueToken(request: TokenRequest): Promise<IssuedToken> {
  const { signer, caller, audience, issuer } = request;
  checkShape(request);
  const scopes = allowedScopes(request);
  const iat = Math.floor(request.now / 1_000);
  const exp = expiry(request, iat);
  const jti = randomBytes(16).toString("base64url");
  const token = await signer.sign({
    iss: issuer,
    sub: caller.spiffeId.uri,
    aud: audience,
    iat,
    exp,
    jti,
    client_id: caller.spiffeId.uri,
    scope: scopes.join(" "),
    [grantsClaim]: request.grantsVersion,
    cnf: { "x5t#S256": caller.certificate.thumbprint },
  });
  return { token, jti, expiresAt: exp * 1_000, scopes };
}

function checkShape({ audience, scopes }: TokenRequest): void {
  if (!isServiceName(audience)) {
    throw invalid("The audience is no service: give its full name, for example cafe.gripper.v1.GripperService.");
  }
  if (scopes.length === 0) throw invalid("No scope was asked for: ask for at least one.");
  if (scopes.length > maximumScopes) throw invalid(`Ask for at most ${maximumScopes} scopes at once.`);
  if (!scopes.every(isScope)) throw invalid("A scope is malformed: write resource:action in lower case.");
}

function allowedScopes({ grants, caller, audience, scopes }: TokenRequest): string[] {
  const held = grantedScopes(grants, caller.spiffeId.name, audience);
  const allowed = [...held].filter((scope) => scopes.includes(scope)).sort();
  if (allowed.length > 0) return allowed;
  const needed = [...new Set(scopes)].sort().join(" ");
  throw denial(
    "NO_GRANT",
    `"${caller.spiffeId.name}" may not have ${needed} at ${audience}; add that to grants.yaml and run ` +
      `"interlock grants apply grants.yaml"`,
    { service: audience, needed, held: [...held].sort().join(" ") },
  );
}

function expiry({ caller, ttlMs, now }: TokenRequest, iat: number): number {
  const lifetime = Math.floor(Math.min(ttlMs, maximumTokenLifetimeMs) / 1_000);
  const exp = Math.min(iat + lifetime, Math.floor(caller.certificate.notAfter / 1_000));
  if (exp * 1_000 <= now) throw denial("CERTIFICATE_EXPIRED", "renew it, then ask again");
  return exp;
}

function invalid(message: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", message);
}
