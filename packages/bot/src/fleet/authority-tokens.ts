import { matchesIdentity } from "@interlock/policy";
import type { Client } from "../client/client.js";
import type { Clock } from "../clock.js";
import type { AuthorityService } from "../gen/interlock/authority/v1/authority_interlock.js";
import type { TokenSource } from "../token/token-source.js";
import type { Trust } from "../trust/trust.js";

interface Entry {
  readonly authorization: string;
  readonly thumbprint: string;
  /** Milliseconds since the epoch. */
  readonly renewAt: number;
  readonly expiresAt: number;
}

/** What tokens are asked for with. */
export interface AuthorityTokensOptions {
  readonly authority: Client<typeof AuthorityService>;
  readonly clock: Clock;
  readonly trust: Trust;
  /** The bot's own. */
  readonly name: string;
}

/**
 * Tokens from the authority: kept until a fifth of their life is left, then renewed while the old one still serves. When
 * the bot has lost a scope they are all forgotten, because servers refuse those that hold it.
 */
export function createAuthorityTokens({ authority, clock, trust, name }: AuthorityTokensOptions): TokenSource {
  const entries = new Map<string, Entry>();
  const fetching = new Map<string, Promise<Entry>>();
  let grantsVersion = latestCutOff(trust, name);
  trust.onChange(() => {
    const latest = latestCutOff(trust, name);
    if (latest > grantsVersion) {
      entries.clear();
      fetching.clear();
    }
    grantsVersion = Math.max(grantsVersion, latest);
  });

  function fetchOnce(key: string, audience: string, scopes: readonly string[], thumbprint: string): Promise<Entry> {
    const flight = `${key} ${thumbprint}`;
    let entry = fetching.get(flight);
    if (!entry) {
      const fetch = fetchToken(audience, scopes, thumbprint).finally(() => {
        if (fetching.get(flight) === fetch) fetching.delete(flight);
      });
      entry = fetch;
      const began = grantsVersion;
      const keep = (fetched: Entry) => {
        if (began === grantsVersion) entries.set(key, fetched);
      };
      fetch.then(keep).catch(() => {}); // Whoever waits for it is told.
      fetching.set(flight, entry);
    }
    return entry;
  }

  async function fetchToken(audience: string, scopes: readonly string[], thumbprint: string): Promise<Entry> {
    const now = clock.now();
    // Asked for on the fleet's own behalf: a call that is cancelled must not take others' token with it.
    const { token, expiresAt } = await authority.issueToken(
      { audience, scopes },
      { detached: true, timeoutMs: 10_000 },
    );
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
      if (now >= entry.renewAt) fetchOnce(key, audience, scopes, thumbprint).catch(() => {});
      return entry.authorization;
    },
    forget(audience) {
      for (const key of entries.keys()) if (key.startsWith(`${audience} `)) entries.delete(key);
    },
  };
}

function latestCutOff({ state: { cutOffs = [] } }: Trust, name: string): number {
  const mine = cutOffs.filter(({ identity }) => matchesIdentity(identity, name));
  return Math.max(0, ...mine.map(({ grantsVersion }) => grantsVersion));
}

/** For a client of the authority itself, whose methods for bots take no token. */
export const noTokens: TokenSource = {
  authorization() {
    throw new Error("There are no tokens here.");
  },
  forget() {},
};
