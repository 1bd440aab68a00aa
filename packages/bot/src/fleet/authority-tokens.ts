import { decodeJwt } from "jose";
import type { Clock } from "../base/clock.js";
import { InterlockError } from "../base/error.js";
import type { Client } from "../client/client.js";
import type { AuthorityService } from "../gen/interlock/authority/v1/authority_service_interlock.js";
import type { Identity } from "../identity/identity.js";
import { createTokenCache, type FetchToken } from "../token/token-cache.js";
import type { TokenSource } from "../token/token-source.js";

/** What {@link createAuthorityTokens} may be told besides. */
export interface AuthorityTokensOptions {
  /** How many addresses its client has: a call that waits for a token does not fail by one that is away. 1 unless said. */
  readonly authorities?: number;
  /** Whether an identity is the one that the client shows now; always unless said. */
  readonly isCurrent?: (identity: Identity) => boolean;
}

/**
 * Tokens from the authority. It binds a token to the certificate over which it is asked for; so for one that is current no
 * more, there is what has been kept, and nothing new.
 */
export function createAuthorityTokens(
  authority: Client<typeof AuthorityService>,
  clock: Clock,
  { authorities = 1, isCurrent = () => true }: AuthorityTokensOptions = {},
): TokenSource {
  const fetchToken: FetchToken = async (audience, scopes, identity) => {
    if (!isCurrent(identity)) throw renewed();
    // Asked for on the fleet's own behalf: a call that is canceled must not take others' token with it.
    const ask = () => authority.issueToken({ audience, scopes }, { detached: true, timeoutMs: 10_000 });
    const { token, expiresAt } = await atAny(authorities, ask);
    // The connection may have begun to rest on another certificate on the way.
    if (boundElsewhere(token, identity)) throw renewed();
    return { token, expiresAt: expiresAt?.getTime() ?? clock.now() };
  };
  return createTokenCache(fetchToken, clock);
}

function renewed(): InterlockError {
  return new InterlockError("UNAVAILABLE", "The certificate has been renewed.");
}

function boundElsewhere(token: string, { leaf: { thumbprint } }: Identity): boolean {
  let confirmation: unknown;
  try {
    confirmation = decodeJwt(token).cnf;
  } catch {
    return false; // Whoever is shown it will say so.
  }
  return (confirmation as { "x5t#S256"?: unknown } | undefined)?.["x5t#S256"] !== thumbprint;
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
