import type { JWTPayload } from "jose";
import { denial } from "../base/error.js";

/** The claim of a token that was issued under a delegation, with its id. */
export const delegationClaim = "delegation";

/** The claim with the names of the only methods that a token is for. */
export const methodsClaim = "methods";

/** The claim of a token for one call that an operator has approved. */
export const approvalClaim = "approval";

/** What an operator has approved. */
export interface ApprovedCall {
  /** The id of the approval. */
  readonly id: string;
  /** SHA-256 over the request message, hex. */
  readonly request: string;
}

/** The limits of a token beside its scopes: those of a delegation, and those of an approved call. */
export interface TokenLimits {
  /** The id of the delegation under which it was issued; absent for none. */
  readonly delegation?: string;
  /** The names of the only methods that may be called with it; absent for every method that its scopes allow. */
  readonly methods?: ReadonlySet<string>;
  /** The one call that it is for; absent for any call. */
  readonly approval?: ApprovedCall;
}

/** The maximum number of methods in one token. */
export const maximumMethods = 32;

/**
 * Reads the limits of a token. A claim of another form is malformed: it must never pass for a token without limits.
 *
 * @throws `TOKEN_MALFORMED`.
 */
export function readLimits(payload: JWTPayload): TokenLimits {
  const { [delegationClaim]: delegation, [methodsClaim]: methods, [approvalClaim]: approval } = payload;
  return {
    ...(delegation !== undefined && { delegation: text(delegation, delegationClaim) }),
    ...(methods !== undefined && { methods: readMethods(methods) }),
    ...(approval !== undefined && { approval: readApproval(approval) }),
  };
}

function readMethods(claim: unknown): ReadonlySet<string> {
  if (!Array.isArray(claim) || claim.length > maximumMethods) {
    throw denial("TOKEN_MALFORMED", `"${methodsClaim}" is no list of at most ${maximumMethods} names`);
  }
  return new Set(claim.map((name) => text(name, methodsClaim)));
}

function readApproval(claim: unknown): ApprovedCall {
  if (typeof claim !== "object" || claim === null) throw denial("TOKEN_MALFORMED", `"${approvalClaim}" is no object`);
  const { id, request } = claim as Record<string, unknown>;
  return { id: text(id, approvalClaim), request: text(request, approvalClaim) };
}

function text(claim: unknown, name: string): string {
  if (typeof claim !== "string" || claim === "") throw denial("TOKEN_MALFORMED", `"${name}" is no text`);
  return claim;
}
