import type { Client } from "../client/client.js";
import type { Clock } from "../clock.js";
import { InterlockError } from "../error.js";
import type { AuthorityService } from "../gen/interlock/authority/v1/authority_interlock.js";
import { createTokenCache } from "../token/token-cache.js";
import type { TokenSource } from "../token/token-source.js";

/**
 * Tokens from the authority. `authorities` is how many addresses its client has: a call that waits for a token does not
 * fail by one that is away.
 */
export function createAuthorityTokens(
  authority: Client<typeof AuthorityService>,
  clock: Clock,
  authorities = 1,
): TokenSource {
  return createTokenCache(async (audience, scopes) => {
    // Asked for on the fleet's own behalf: a call that is cancelled must not take others' token with it.
    const ask = () => authority.issueToken({ audience, scopes }, { detached: true, timeoutMs: 10_000 });
    const { token, expiresAt } = await atAny(authorities, ask);
    return { token, expiresAt: expiresAt?.getTime() ?? clock.now() };
  }, clock);
}

/** For a client of the authority itself, whose methods for bots take no token. */
export const noTokens: TokenSource = {
  authorization() {
    throw new Error("There are no tokens here.");
  },
  forget() {},
};

/** What may be asked twice, asked until one of several can answer. */
async function atAny<T>(count: number, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (count <= 1 || InterlockError.from(error).code !== "UNAVAILABLE") throw error;
    return atAny(count - 1, ask);
  }
}
