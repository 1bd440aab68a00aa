import { InterlockError } from "../base/error.js";
import type { Reason } from "../base/reason.js";
import type { Trust } from "../trust/trust.js";
import { type TokenExpectation, type VerifiedToken, verifyToken } from "./verify-token.js";

// The authority may have a new key or a new name.
const mayBeNew: readonly string[] = ["TOKEN_KEY_UNKNOWN", "TOKEN_ISSUER"] satisfies Reason[];

/**
 * Verifies a token as {@link verifyToken} does. When its key or its issuer is unknown, the authority may have a new one that
 * has not arrived here yet. Then the trust is fetched, at most once in 10 s, and the token is verified again.
 */
export async function verifyKnown(
  token: string,
  expectation: Omit<TokenExpectation, "trust">,
  trust: Trust,
): Promise<VerifiedToken> {
  try {
    return await verifyToken(token, { ...expectation, trust: trust.state });
  } catch (error) {
    const unknown = error instanceof InterlockError && mayBeNew.includes(error.reason ?? "");
    if (!unknown || !(await trust.refetch())) throw error;
    return verifyToken(token, { ...expectation, trust: trust.state });
  }
}
