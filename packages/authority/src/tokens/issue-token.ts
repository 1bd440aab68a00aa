import { randomBytes } from "node:crypto";
import { type Certificate, InterlockError } from "@interlock/bot";
import {
  type ApprovedCall,
  actClaim,
  approvalClaim,
  delegateScope,
  delegationClaim,
  denial,
  exchangedClaim,
  grantsClaim,
  maximumConditionLength,
  maximumConditions,
  maximumNarrowedScopes,
  maximumTokenLifetimeMs,
  methodsClaim,
  type NarrowedScopes,
  narrowedClaim,
} from "@interlock/bot/internal";
import { isScope, isServiceName, type SpiffeId } from "@interlock/policy";
import { type Grants, grantedScopes, narrowedScopes } from "@interlock/policy/grants";
import { type Allowed, type AllowedService, allowedAt } from "../delegations/allowed.js";
import type { TokenSigner } from "./token-signer.js";

const maximumScopes = 128;

/** The bot that requests a token, and the certificate to which the token is bound. */
export interface TokenClient {
  readonly spiffeId: SpiffeId;
  readonly certificate: Certificate;
}

/** How a client comes to act for another bot: by an exchange, see `exchangeToken`, or by what that bot has delegated. */
export interface Delegation {
  /** The bot whose scopes it has. */
  readonly subject: SpiffeId;
  /** The actors for the subject: the client first. */
  readonly actors: readonly SpiffeId[];
  /** The `jti`s of the tokens from which it was exchanged, and the ids of delegations, the latest first. */
  readonly ancestors: readonly string[];
  /** The scopes that the latest of them holds under conditions, which go on with them. */
  readonly narrowed: NarrowedScopes;
  /** When the latest of them expires, in milliseconds since the epoch. */
  readonly expiresAt: number;
  /** What was delegated; absent for an exchange of a token without a delegation. */
  readonly limits?: { readonly id: string; readonly allowed: Allowed } | undefined;
}

/** The input for issuing a token. */
export interface TokenRequest {
  readonly signer: TokenSigner;
  readonly grants: Grants;
  /** The version of the grants. */
  readonly grantsVersion: number;
  readonly issuer: string;
  readonly caller: TokenClient;
  /** The delegation. Default: none, the token is the caller's own. */
  readonly delegation?: Delegation;
  /** The only methods, and the one call that an operator has approved. Default: what the delegation allows, and any call. */
  readonly only?: { readonly methods: readonly string[]; readonly approval?: ApprovedCall | undefined } | undefined;
  /** The full name of the service. */
  readonly audience: string;
  readonly scopes: readonly string[];
  /** Whether a caller with other scopes at the service gets a token without scopes. Default: false, `NO_GRANT`. */
  readonly allowEmpty?: boolean;
  /** How long it is valid, in milliseconds; at most 10 minutes, and not beyond the certificate. */
  readonly ttlMs: number;
  /** The current time, in milliseconds since the epoch. */
  readonly now: number;
}

/** An issued token. */
export interface IssuedToken {
  readonly token: string;
  readonly jti: string;
  /** Milliseconds since the epoch. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** Its scopes: the granted ones among the requested, also those that are granted under conditions. */
  readonly scopes: readonly string[];
  /** The names of the only methods that may be called with it; absent for every method that its scopes allow. */
  readonly methods?: readonly string[];
  /** Those that it holds under conditions only, with all of these. */
  readonly narrowed: NarrowedScopes;
}

/**
 * Issues an access token (RFC 9068) that is bound to the caller's certificate (RFC 8705, section 3.1). Rejects with
 * `NO_GRANT` when none of the scopes is granted and `allowEmpty` does not say otherwise, with `SCOPE_WIDENED` for a scope that is
 * not delegated, with `DELEGATION_NOT_ALLOWED` when the subject may not delegate at the service any more, and with
 * `INVALID_ARGUMENT` for a malformed request.
 */
export async function issueToken(request: TokenRequest): Promise<IssuedToken> {
  const { signer, caller, audience, issuer, delegation } = request;
  checkShape(request);
  const part = delegatedPart(request);
  const { scopes, narrowed } = allowedScopes(request, part !== undefined);
  const methods = request.only?.methods ?? part?.methods;
  const approval = request.only?.approval;
  const iat = Math.floor(request.now / 1_000);
  const exp = expiry(request, iat);
  const jti = randomBytes(16).toString("base64url");
  const token = await signer.sign({
    iss: issuer,
    sub: subjectOf(request).uri,
    aud: audience,
    iat,
    exp,
    jti,
    client_id: caller.spiffeId.uri,
    scope: scopes.filter((scope) => !narrowed.has(scope)).join(" "),
    ...(narrowed.size > 0 && { [narrowedClaim]: Object.fromEntries(narrowed) }),
    [grantsClaim]: request.grantsVersion,
    ...(delegation && { ...actClaim(delegation.actors), [exchangedClaim]: delegation.ancestors }),
    ...(delegation?.limits && { [delegationClaim]: delegation.limits.id }),
    ...(methods && { [methodsClaim]: methods }),
    ...(approval && { [approvalClaim]: approval }),
    cnf: { "x5t#S256": caller.certificate.thumbprint },
  });
  return { token, jti, issuedAt: iat * 1_000, expiresAt: exp * 1_000, scopes, narrowed, ...(methods && { methods }) };
}

function checkShape({ audience, scopes }: TokenRequest): void {
  if (!isServiceName(audience)) {
    throw invalid("The audience is not a service: give its full name, for example cafe.gripper.v1.GripperService.");
  }
  if (scopes.length === 0) throw invalid("The request has no scope: request at least one.");
  if (scopes.length > maximumScopes) throw invalid(`Request at most ${maximumScopes} scopes at once.`);
  if (!scopes.every(isScope)) throw invalid("A scope is malformed: write resource:action in lower case.");
}

function subjectOf({ caller, delegation }: Pick<TokenRequest, "caller" | "delegation">): SpiffeId {
  return delegation?.subject ?? caller.spiffeId;
}

/** What is delegated at the service; `undefined` for a token without a delegation. */
function delegatedPart({ delegation, audience, scopes }: TokenRequest): AllowedService | undefined {
  if (!delegation?.limits) return undefined;
  const part = allowedAt(delegation.limits.allowed, audience);
  const held = part?.scopes ?? [];
  const wider = scopes.filter((scope) => scope !== delegateScope && !held.includes(scope));
  if (part && wider.length === 0) return part;
  const needed = wider.join(" ");
  throw denial("SCOPE_WIDENED", `the delegation has no ${needed || "scope"} at ${audience}`, {
    service: audience,
    needed,
    held: held.join(" "),
  });
}

interface AllowedScopes {
  readonly scopes: readonly string[];
  readonly narrowed: NarrowedScopes;
}

function allowedScopes(request: TokenRequest, isDelegated: boolean): AllowedScopes {
  const { grants, audience, scopes, allowEmpty = false } = request;
  const { name } = subjectOf(request);
  const free: ReadonlySet<string> = grantedScopes(grants, name, audience);
  const held = new Set<string>([...free, ...narrowedScopes(grants, name, audience).keys()]);
  if (isDelegated && !free.has(delegateScope)) {
    throw denial("DELEGATION_NOT_ALLOWED", `"${name}" lacks ${delegateScope} at ${audience}`, {
      service: audience,
      needed: delegateScope,
    });
  }
  // The scope to delegate is in every token under a delegation: when it is taken away, they end with it.
  const wanted = isDelegated ? [...scopes, delegateScope] : scopes;
  const allowed = [...held].filter((scope) => wanted.includes(scope)).sort();
  if (isDelegated && !allowEmpty && allowed.every((scope) => !scopes.includes(scope))) allowed.length = 0;
  if (allowed.length > 0 || (allowEmpty && held.size > 0))
    return { scopes: allowed, narrowed: narrow(request, allowed) };
  const needed = [...new Set(scopes)].sort().join(" ");
  throw denial(
    "NO_GRANT",
    `"${name}" is not granted ${needed} at ${audience}; add that to grants.yaml and run ` +
      `"interlock grants apply grants.yaml"`,
    { service: audience, needed, held: [...held].sort().join(" ") },
  );
}

/** The conditions of scopes: those of the grants, and those of the token that is exchanged, which can never be left behind. */
function narrow({ grants, audience, ...request }: TokenRequest, scopes: readonly string[]): NarrowedScopes {
  const granted: ReadonlyMap<string, string> = narrowedScopes(grants, subjectOf(request).name, audience);
  const narrowed = new Map<string, readonly string[]>();
  for (const scope of scopes) {
    const conditions = [...(request.delegation?.narrowed.get(scope) ?? [])];
    const condition = granted.get(scope);
    if (condition !== undefined && !conditions.includes(condition)) conditions.push(condition);
    if (conditions.length > 0) narrowed.set(scope, conditions);
  }
  if (narrowed.size > 0 && !fitsToken(narrowed)) {
    throw denial(
      "NO_GRANT",
      "the conditions of these scopes are too long for one token; request fewer scopes at once, or shorten the conditions in grants.yaml",
      { service: audience, needed: [...narrowed.keys()].join(" ") },
    );
  }
  return narrowed;
}

/** How many bytes the conditions of one token take at most; a token has 8 KiB in all. */
const maximumNarrowedBytes = 2_048;

function fitsToken(narrowed: NarrowedScopes): boolean {
  return (
    narrowed.size <= maximumNarrowedScopes &&
    [...narrowed.values()].every(
      (conditions) =>
        conditions.length <= maximumConditions && conditions.every((one) => one.length <= maximumConditionLength),
    ) &&
    Buffer.byteLength(JSON.stringify(Object.fromEntries(narrowed))) <= maximumNarrowedBytes
  );
}

function expiry({ caller, delegation, ttlMs, now }: TokenRequest, iat: number): number {
  const lifetime = Math.floor(Math.min(ttlMs, maximumTokenLifetimeMs) / 1_000);
  const end = Math.min(caller.certificate.notAfter, delegation?.expiresAt ?? Number.POSITIVE_INFINITY);
  const exp = Math.min(iat + lifetime, Math.floor(end / 1_000));
  if (exp * 1_000 <= now && end < caller.certificate.notAfter) throw denial("DELEGATION_ENDED", "it has expired");
  if (exp * 1_000 <= now) throw denial("CERTIFICATE_EXPIRED", "renew it, then request the token again");
  return exp;
}

function invalid(message: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", message);
}
