import type { Clock } from "../base/clock.js";
import type { Identity, IdentitySource } from "../identity/identity.js";
import type { TokenSource } from "./token-source.js";
import { createTokenUpkeep, type TokenUse } from "./token-upkeep.js";

/** A token from an issuer. */
export interface FetchedToken {
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** Fetches a token for `audience` with at most `scopes`, bound to the certificate of `identity`. */
export type FetchToken = (audience: string, scopes: readonly string[], identity: Identity) => Promise<FetchedToken>;

/** The options of {@link createTokenCache}. */
export interface TokenCacheOptions {
  /** The part of a token's life after which it is renewed. Default: 0.8. */
  readonly renewAfter?: number;
  /** Renews the tokens of this identity in the background, too. Default: a token is renewed by the calls that use it. */
  readonly keptFor?: IdentitySource | undefined;
}

interface Entry {
  readonly authorization: string;
  /** Milliseconds since the epoch. A renewal that fails moves it. */
  renewAt: number;
  readonly expiresAt: number;
  /** The use to which the calls with it count, where tokens are kept. */
  use: TokenUse | undefined;
}

// An unreachable issuer must not be asked again by every call.
const retryMs = 2_000;

/**
 * Makes a token source that keeps the tokens which `fetchToken` gets. A token is renewed after the part `renewAfter` of its
 * life, and is still used meanwhile. The number of entries is bounded by the methods that the bot calls, one for each set of
 * scopes at each service; expired ones are removed.
 */
export function createTokenCache(
  fetchToken: FetchToken,
  clock: Clock,
  { renewAfter = 0.8, keptFor }: TokenCacheOptions = {},
): TokenSource {
  const entries = new Map<string, Entry>();
  const fetching = new Map<string, Promise<Entry>>();
  let fetched = 0;
  let failed = 0;

  const upkeep =
    keptFor &&
    createTokenUpkeep({
      identity: keptFor,
      clock,
      async renew({ audience, scopes }, identity) {
        const key = keyOf(audience, scopes, identity);
        const known = entries.get(key);
        if (known && clock.now() < known.renewAt) return known.renewAt;
        return (await fetchOnce(key, audience, scopes, identity)).renewAt;
      },
    });

  function fetchOnce(key: string, audience: string, scopes: readonly string[], identity: Identity): Promise<Entry> {
    const underWay = fetching.get(key);
    if (underWay) return underWay;
    const entry = fetchEntry(audience, scopes, identity);
    fetching.set(key, entry);
    const land = () => fetching.get(key) === entry && fetching.delete(key);
    // A token that was forgotten while it was fetched is not kept. The callers that wait for it see its failure.
    entry.then((fetched) => land() && keep(key, fetched), land);
    return entry;
  }

  function keep(key: string, entry: Entry): void {
    const now = clock.now();
    for (const [known, { expiresAt }] of entries) if (now >= expiresAt) entries.delete(known);
    entries.set(key, entry);
  }

  async function fetchEntry(audience: string, scopes: readonly string[], identity: Identity): Promise<Entry> {
    const now = clock.now();
    const { token, expiresAt } = await fetchToken(audience, scopes, identity).catch((error) => {
      failed++;
      throw error;
    });
    fetched++;
    return {
      authorization: `Bearer ${token}`,
      renewAt: now + (expiresAt - now) * renewAfter,
      expiresAt,
      use: undefined,
    };
  }

  return {
    authorization(audience, scopes, identity) {
      const key = keyOf(audience, scopes, identity);
      const entry = entries.get(key);
      const now = clock.now();
      if (!entry || now >= entry.expiresAt - 1_000) {
        const fetched = fetchOnce(key, audience, scopes, identity);
        upkeep?.note(audience, scopes);
        return fetched.then(({ authorization }) => authorization);
      }
      if (entry.use) entry.use.usedAt = now;
      else entry.use = upkeep?.note(audience, scopes);
      if (now >= entry.renewAt) {
        fetchOnce(key, audience, scopes, identity).catch(() => {
          entry.renewAt = clock.now() + retryMs;
        });
      }
      return entry.authorization;
    },
    counts() {
      const ends = [...entries.values()].map(({ expiresAt }) => expiresAt);
      return { held: entries.size, fetched, failed, ...(ends.length > 0 && { expiresAt: Math.min(...ends) }) };
    },
    forget(audience) {
      for (const known of [entries, fetching]) {
        for (const key of known.keys()) if (key.startsWith(`${audience} `)) known.delete(key);
      }
    },
    close: () => upkeep?.close(),
  };
}

/** By certificate, too: while calls move to a channel with another one, both are used. */
function keyOf(audience: string, scopes: readonly string[], { leaf }: Identity): string {
  return `${audience} ${leaf.thumbprint} ${scopes.join(" ")}`;
}
