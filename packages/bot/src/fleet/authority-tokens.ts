import { decodeJwt } from "jose";
import type { Clock } from "../base/clock.js";
import { InterlockError } from "../base/error.js";
import type { Client } from "../client/client.js";
import type { AuthorityService } from "../gen/interlock/authority/v1/authority_service_interlock.js";
import type { Identity } from "../identity/identity.js";
import { createTokenCache, type FetchToken } from "../token/token-cache.js";
import type { TokenSource } from "../token/token-source.js";

/** The options of {@link createAuthorityTokens}. */
export interface AuthorityTokensOptions {
  /** The number of addresses that its client has, so that one that is away fails no call. Default: 1. */
  readonly authorities?: number;
  /** Whether an identity is the one that the client shows now. Default: always. */
  readonly isCurrent?: (identity: Identity) => boolean;
}

/**
 * Creates the source of the authority's tokens. The authority binds a token to the certificate over which it is requested,
 * so an identity that is no longer current gets only tokens that are in the cache.
 */
export function createAuthorityTokens(
  authority: Client<typeof AuthorityService>,
  clock: Clock,
  { authorities = 1, isCurrent = () => true }: AuthorityTokensOptions = {},
): TokenSource {
  const fetchToken: FetchToken = async (audience, scopes, identity) => {
    if (!isCurrent(identity)) throw renewed();
    // Detached: several calls may wait for this token, and the cancellation of one of them must not end it.
    const ask = () => authority.issueToken({ audience, scopes }, { detached: true, timeoutMs: 10_000 });
    const { token, expiresAt } = await atAny(authorities, ask);
    // The connection may have been bound to another certificate meanwhile.
    if (boundToAnother(token, identity)) throw renewed();
    return { token, expiresAt: expiresAt?.getTime() ?? clock.now() };
  };
  return createTokenCache(fetchToken, clock);
}

function renewed(): InterlockError {
  return new InterlockError("UNAVAILABLE", "The certificate has been renewed.");
}

function boundToAnother(token: string, { leaf: { thumbprint } }: Identity): boolean {
  let confirmation: unknown;
  try {
    confirmation = decodeJwt(token).cnf;
  } catch {
    return false; // The server that it is shown to will refuse it.
  }
  return (confirmation as { "x5t#S256"?: unknown } | undefined)?.["x5t#S256"] !== thumbprint;
}

/** The token source of a client of the authority itself, whose methods for bots take no token. */
export const noTokens: TokenSource = {
  authorization() {
    throw new Error("There are no tokens here.");
  },
  forget() {},
};

/** Asks until one of `count` authorities can answer; for requests that may be repeated. */
async function atAny<T>(count: number, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (count <= 1 || InterlockError.from(error).code !== "UNAVAILABLE") throw error;
    return atAny(count - 1, ask);
  }
}
