import type { Client } from "../client/client.js";
import type { Clock } from "../clock.js";
import type { AuthorityService } from "../gen/interlock/authority/v1/authority_interlock.js";
import { createTokenCache } from "../token/token-cache.js";
import type { TokenSource } from "../token/token-source.js";

/** Tokens from the authority. */
export function createAuthorityTokens(authority: Client<typeof AuthorityService>, clock: Clock): TokenSource {
  return createTokenCache(async (audience, scopes) => {
    // Asked for on the fleet's own behalf: a call that is cancelled must not take others' token with it.
    const request = { audience, scopes };
    const { token, expiresAt } = await authority.issueToken(request, { detached: true, timeoutMs: 10_000 });
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
