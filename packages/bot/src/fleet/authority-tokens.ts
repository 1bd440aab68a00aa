import { decodeJwt } from "jose";
import type { Client } from "../client/client.js";
import type { Clock } from "../clock.js";
import { InterlockError } from "../error.js";
import type { AuthorityService } from "../gen/interlock/authority/v1/authority_interlock.js";
import type { Identity } from "../identity/identity.js";
import type { TokenSource } from "../token/token-source.js";

interface Entry {
  readonly authorization: string;
  /** Milliseconds since the epoch; later when a renewal has failed. */
  renewAt: number;
  readonly expiresAt: number;
}

// An authority that is away is not asked again by every call.
const retryMs = 2_000;

/**
/** What an {@link createAuthorityTokens} may be told besides. */
export interface AuthorityTokensOptions {
  /** How many addresses its client has: a call that waits for a token does not fail by one that is away. 1 unless said. */
  readonly authorities?: number;
  /** Whether an identity is the one that the client shows now; always unless said. */
  readonly isCurrent?: (identity: Identity) => boolean;
}

/**
 * Tokens from the authority: kept until a fifth of their life is left, then renewed while the old one still serves. The
 * authority binds a token to the certificate over which it is asked for; so for one that is current no more, there is what
 * has been kept, and nothing new.
 */
export function createAuthorityTokens(
  authority: Client<typeof AuthorityService>,
  clock: Clock,
  { authorities = 1, isCurrent = () => true }: AuthorityTokensOptions = {},
): TokenSource {
  const entries = new Map<string, Entry>();
  const fetching = new Map<string, Promise<Entry>>();

  function fetchOnce(key: string, audience: string, scopes: readonly string[], identity: Identity): Promise<Entry> {
    const underWay = fetching.get(key);
    if (underWay) return underWay;
    const entry = fetchToken(audience, scopes, identity);
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

  async function fetchToken(audience: string, scopes: readonly string[], identity: Identity): Promise<Entry> {
    const now = clock.now();
    // Asked for on the fleet's own behalf: a call that is cancelled must not take others' token with it.
    const ask = () => authority.issueToken({ audience, scopes }, { detached: true, timeoutMs: 10_000 });
    const { token, expiresAt } = await atAny(authorities, ask);
    // The connection may have begun to rest on another certificate on the way.
    if (boundElsewhere(token, identity)) throw renewed();
    const expires = expiresAt?.getTime() ?? now;
    return {
      authorization: `Bearer ${token}`,
      renewAt: now + (expires - now) * 0.8,
      expiresAt: expires,
    };
  }

  return {
    authorization(audience, scopes, identity) {
      const key = `${audience} ${identity.leaf.thumbprint} ${scopes.join(" ")}`;
      const entry = entries.get(key);
      const now = clock.now();
      const current = isCurrent(identity);
      if (!entry || now >= entry.expiresAt - 1_000) {
        if (!current) return Promise.reject(renewed());
        return fetchOnce(key, audience, scopes, identity).then(({ authorization }) => authorization);
      }
      if (now >= entry.renewAt && current) {
        fetchOnce(key, audience, scopes, identity).catch(() => {
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
