import type { Clock } from "../base/clock.js";
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
    const underWay = fetching.get(key);
    if (underWay) return underWay;
    const entry = fetchEntry(audience, scopes, identity);
    fetching.set(key, entry);
    const land = () => fetching.get(key) === entry && fetching.delete(key);
    // What was forgotten on its way is not kept. Whoever waits for it is told when it fails.
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
      // Also of the certificate: while calls move to a channel with another one, both are used.
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
