import type { Clock } from "../clock.js";
import type { Identity } from "../identity/identity.js";
import type { TokenSource } from "./token-source.js";

/** A token that an issuer gave. */
export interface FetchedToken {
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** Gets a token for `audience` with at most `scopes`, bound to `identity`'s certificate. */
export type FetchToken = (audience: string, scopes: readonly string[], identity: Identity) => Promise<FetchedToken>;

interface Entry {
  readonly authorization: string;
  readonly thumbprint: string;
  /** Milliseconds since the epoch; later when a renewal has failed. */
  renewAt: number;
  readonly expiresAt: number;
}

// An issuer that is away is not asked again by every call.
const retryMs = 2_000;

/** Keeps the tokens that `fetchToken` gets: until a fifth of their life is left, then they are renewed while the old one still serves. */
export function createTokenCache(fetchToken: FetchToken, clock: Clock): TokenSource {
  const entries = new Map<string, Entry>();
  const fetching = new Map<string, Promise<Entry>>();
  let fetched = 0;
  let failed = 0;

  function fetchOnce(key: string, audience: string, scopes: readonly string[], identity: Identity): Promise<Entry> {
    const flight = `${key} ${identity.leaf.thumbprint}`;
    const underWay = fetching.get(flight);
    if (underWay) return underWay;
    const entry = fetchEntry(audience, scopes, identity);
    fetching.set(flight, entry);
    const land = () => fetching.get(flight) === entry && fetching.delete(flight);
    // What was forgotten on its way is not kept. Whoever waits for it is told when it fails.
    entry.then((fetched) => land() && entries.set(key, fetched), land);
    return entry;
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
      thumbprint: identity.leaf.thumbprint,
      renewAt: now + (expiresAt - now) * 0.8,
      expiresAt,
    };
  }

  return {
    authorization(audience, scopes, identity) {
      const key = `${audience} ${scopes.join(" ")}`;
      const entry = entries.get(key);
      const now = clock.now();
      if (!entry || entry.thumbprint !== identity.leaf.thumbprint || now >= entry.expiresAt - 1_000) {
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
