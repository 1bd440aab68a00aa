import type { Client } from "../client/client.js";
import type { Clock } from "../clock.js";
import { InterlockError } from "../error.js";
import type { AuthorityService } from "../gen/interlock/authority/v1/authority_interlock.js";
import type { TokenSource } from "../token/token-source.js";

interface Entry {
  readonly authorization: string;
  readonly thumbprint: string;
  /** Milliseconds since the epoch; later when a renewal has failed. */
  renewAt: number;
  readonly expiresAt: number;
}

// An authority that is away is not asked again by every call.
const retryMs = 2_000;

/**
 * Tokens from the authority: kept until a fifth of their life is left, then renewed while the old one still serves.
 * `authorities` is how many addresses its client has: a call that waits for a token does not fail by one that is away.
 */
export function createAuthorityTokens(
  authority: Client<typeof AuthorityService>,
  clock: Clock,
  authorities = 1,
): TokenSource {
  const entries = new Map<string, Entry>();
  const fetching = new Map<string, Promise<Entry>>();

  function fetchOnce(key: string, audience: string, scopes: readonly string[], thumbprint: string): Promise<Entry> {
    const flight = `${key} ${thumbprint}`;
    const underWay = fetching.get(flight);
    if (underWay) return underWay;
    const entry = fetchToken(audience, scopes, thumbprint);
    fetching.set(flight, entry);
    const land = () => fetching.get(flight) === entry && fetching.delete(flight);
    // What was forgotten on its way is not kept. Whoever waits for it is told when it fails.
    entry.then((fetched) => land() && entries.set(key, fetched), land);
    return entry;
  }

  async function fetchToken(audience: string, scopes: readonly string[], thumbprint: string): Promise<Entry> {
    const now = clock.now();
    // Asked for on the fleet's own behalf: a call that is cancelled must not take others' token with it.
    const ask = () => authority.issueToken({ audience, scopes }, { detached: true, timeoutMs: 10_000 });
    const { token, expiresAt } = await atAny(authorities, ask);
    const expires = expiresAt?.getTime() ?? now;
    return {
      authorization: `Bearer ${token}`,
      thumbprint,
      renewAt: now + (expires - now) * 0.8,
      expiresAt: expires,
    };
  }

  return {
    authorization(audience, scopes, { leaf: { thumbprint } }) {
      const key = `${audience} ${scopes.join(" ")}`;
      const entry = entries.get(key);
      const now = clock.now();
      if (!entry || entry.thumbprint !== thumbprint || now >= entry.expiresAt - 1_000) {
        return fetchOnce(key, audience, scopes, thumbprint).then(({ authorization }) => authorization);
      }
      if (now >= entry.renewAt) {
        fetchOnce(key, audience, scopes, thumbprint).catch(() => {
          entry.renewAt = clock.now() + retryMs;
        });
      }
      return entry.authorization;
    },
    forget(audience) {
      for (const known of [entries, fetching]) {
        for (const key of known.keys()) if (key.startsWith(`${audience} `)) known.delete(key);
      }
    },
  };
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
