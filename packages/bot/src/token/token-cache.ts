import type { Clock } from "../base/clock.js";
import type { Identity } from "../identity/identity.js";
import type { TokenSource } from "./token-source.js";

/** A token from an issuer. */
export interface FetchedToken {
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** Fetches a token for `audience` with at most `scopes`, bound to the certificate of `identity`. */
export type FetchToken = (audience: string, scopes: readonly string[], identity: Identity) => Promise<FetchedToken>;

interface Entry {
  readonly authorization: string;
  /** Milliseconds since the epoch. A renewal that fails moves it. */
  renewAt: number;
  readonly expiresAt: number;
}

// An unreachable issuer must not be asked again by every call.
const retryMs = 2_000;

/**
 * Makes a token source that keeps the tokens which `fetchToken` gets. A token is renewed when a fifth of its life is left, and
 * is still used meanwhile. The number of entries is bounded by the services that the bot calls; expired ones are removed.
 */
export function createTokenCache(fetchToken: FetchToken, clock: Clock): TokenSource {
  const entries = new Map<string, Entry>();
  const fetching = new Map<string, Promise<Entry>>();
  let fetched = 0;
  let failed = 0;

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
      renewAt: now + (expiresAt - now) * 0.8,
      expiresAt,
    };
  }

  return {
    authorization(audience, scopes, identity) {
      // By certificate, too: while calls move to a channel with another one, both are used.
      const key = `${audience} ${identity.leaf.thumbprint} ${scopes.join(" ")}`;
      const entry = entries.get(key);
      const now = clock.now();
      if (!entry || now >= entry.expiresAt - 1_000) {
        return fetchOnce(key, audience, scopes, identity).then(({ authorization }) => authorization);
      }
      if (now >= entry.renewAt) {
        fetchOnce(key, audience, scopes, identity).catch(() => {
          entry.renewAt = clock.now() + retryMs;
        });
      }
      return entry.authorization;
    },
    counts: () => ({ held: entries.size, fetched, failed }),
    forget(audience) {
      for (const known of [entries, fetching]) {
        for (const key of known.keys()) if (key.startsWith(`${audience} `)) known.delete(key);
      }
    },
  };
}
