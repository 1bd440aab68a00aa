import { InterlockError } from "../error.js";
import type { Reason } from "../reason.js";
import type { Trust } from "../trust/trust.js";
import { type TokenExpectation, type VerifiedToken, verifyToken } from "./verify-token.js";

/**
 * Verifies a token as {@link verifyToken} does. Where its key is unknown, the authority may have a new one that has not
 * come here yet: it is asked, once in a while, and then the token is verified again.
 */
export async function verifyKnown(
  token: string,
  expectation: Omit<TokenExpectation, "trust">,
  trust: Trust,
): Promise<VerifiedToken> {
  try {
    return await verifyToken(token, { ...expectation, trust: trust.state });
  } catch (error) {
    const unknown = error instanceof InterlockError && error.reason === ("TOKEN_KEY_UNKNOWN" satisfies Reason);
    if (!unknown || !(await trust.refetch())) throw error;
    return verifyToken(token, { ...expectation, trust: trust.state });
  }
}
