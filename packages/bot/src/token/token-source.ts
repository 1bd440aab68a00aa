import type { InterlockError } from "../base/error.js";
import type { Identity } from "../identity/identity.js";

/** The source of the access tokens of a client. */
export interface TokenSource {
  /**
   * The `authorization` value for calls to the service `audience`, with at most `scopes`, bound to the certificate of
   * `identity`. It is given at once when it is cached. Throws or rejects with a denial. While calls move to a renewed
   * certificate, a connector may ask for either identity; a source that has no token for one rejects.
   */
  authorization(audience: string, scopes: readonly string[], identity: Identity): string | Promise<string>;
  /** Forgets the tokens for `audience`, because a server has refused one. */
  forget(audience: string): void;
  /** Gives the error of a call whose deadline passed while it waited for a token. Default: DEADLINE_EXCEEDED. */
  overdue?(): InterlockError;
  /** Ends what it does in the background. */
  close?(): void;
  /** Counts for metrics; absent if the source does not count. */
  counts?(): TokenCounts;
}

/** The counts of a {@link TokenSource}. */
export interface TokenCounts {
  /** Tokens that are cached now. */
  readonly held: number;
  /** Tokens that were fetched since the start. */
  readonly fetched: number;
  /** Attempts to fetch a token that failed since the start. */
  readonly failed: number;
  /** When the cached token that expires first does so, in milliseconds since the epoch; absent when there is none. */
  readonly expiresAt?: number | undefined;
}
