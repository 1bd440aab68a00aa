import { InterlockError } from "@interlock/bot";
import type { Membership } from "@interlock/bot/internal";
import type { Exchange } from "./exchanged-tokens.js";

/**
 * Makes the exchange of tokens at the authority, with all scopes of the token. Once more, where the certificate was renewed
 * meanwhile.
 *
 * @throws InterlockError `FAILED_PRECONDITION` where there is no authority.
 */
export function createExchange({ identity, exchange }: Pick<Membership, "identity" | "exchange">): Exchange {
  if (!exchange)
    throw new InterlockError("FAILED_PRECONDITION", "A gateway needs an authority, which exchanges tokens.");

  async function once(subjectToken: string, audience: string): ReturnType<Exchange> {
    const own = identity.current();
    const given = await exchange?.(subjectToken, audience, [], own);
    return { ...(given as NonNullable<typeof given>), thumbprint: own.leaf.thumbprint };
  }

  return async function exchangeToken(subjectToken, audience) {
    const own = identity.current();
    try {
      return await once(subjectToken, audience).catch((error) => {
        if (own === identity.current()) throw error;
        return once(subjectToken, audience);
      });
    } catch (thrown) {
      throw exchangeFailure(thrown);
    }
  };
}

/**
 * An error of the authority as one for the caller. Its refusals are the caller's to know; that it does not answer, in whatever way,
 * is UNAVAILABLE.
 */
export function exchangeFailure(thrown: unknown): InterlockError {
  const error = InterlockError.from(thrown);
  if (refusals.has(error.code)) return error;
  const { reason = "AUTHORITY_UNREACHABLE" } = error;
  return new InterlockError("UNAVAILABLE", "The token cannot be exchanged now: the authority does not answer.", {
    reason,
    cause: error,
  });
}

const refusals: ReadonlySet<string> = new Set(["UNAUTHENTICATED", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED"]);
