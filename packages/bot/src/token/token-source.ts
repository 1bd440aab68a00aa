import type { Identity } from "../identity/identity.js";

/** Where a client gets its access tokens. */
export interface TokenSource {
  /**
   * The `authorization` value for calls to the service `audience`, with at most `scopes`, bound to `identity`'s
   * certificate. It comes at once when one is at hand. Throws or rejects with a denial. A connector may ask for an
   * identity that has just been renewed, while calls move: a source that can have none for it rejects.
   */
  authorization(audience: string, scopes: readonly string[], identity: Identity): string | Promise<string>;
  /** Forgets what was given for `audience`: a server has refused it. */
  forget(audience: string): void;
  /** How it has gone so far, for metrics; absent where nobody counts. */
  counts?(): TokenCounts;
}

/** How a {@link TokenSource} has gone so far. */
export interface TokenCounts {
  /** Tokens that are at hand. */
  readonly held: number;
  /** Tokens that were fetched, and attempts to that failed. */
  readonly fetched: number;
  readonly failed: number;
}
