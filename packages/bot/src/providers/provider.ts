import type { Clock } from "../base/clock.js";
import type { Log } from "../base/log.js";
import type { Observable } from "../base/observable.js";
import type { Unsubscribe } from "../base/subscription.js";
import type { IdentitySource } from "../identity/identity.js";
import type { TokenSource } from "../token/token-source.js";
import type { TrustState } from "../trust/trust.js";

/** The tools that a provider is opened with. */
export interface ProviderContext {
  /** The source of the time. */
  readonly clock: Clock;
  /** The log of the bot. */
  readonly log: Log;
}

/** A source of a bot's identity in place of the authority; see {@link fromFiles}. */
export interface IdentityProvider {
  /**
   * Opens the source, and keeps the identity current until it is closed.
   *
   * @param context - The clock and the log.
   * @returns A promise that resolves once there is an identity. It rejects with an error that says what to do.
   */
  open(context: ProviderContext): Promise<ProvidedIdentity>;
}

/** An identity that is kept current, with the CAs to believe. */
export interface ProvidedIdentity {
  /** The certificate and key. */
  readonly identity: IdentitySource;
  /** The CA certificates to believe, DER; at least one. */
  readonly roots: Observable<readonly Uint8Array[]>;
  /** Whether the source can be reached, which health reports as `interlock.identity`. Default: it is not reported. */
  readonly contact?:
    | {
        /** Since when it has not been reached, in milliseconds since the epoch; `undefined` while it is. */
        readonly awaySince: number | undefined;
        /**
         * Calls `listener` when the source cannot be reached any more (true), and when it is reached again (false).
         *
         * @param listener - Gets the new state.
         * @returns A function that ends the subscription.
         */
        onChange(listener: (away: boolean) => void): Unsubscribe;
      }
    | undefined;
  /** Stops keeping them current. */
  close(): void;
}

/** A source of a fleet's tokens in place of the authority; see {@link fromIssuer}. */
export interface IssuerProvider {
  /**
   * Opens the source, and keeps the issuer's keys current until it is closed.
   *
   * @param context - The clock and the log.
   * @returns A promise that resolves once the keys are known. It rejects with an error that says what to do.
   */
  open(context: ProviderContext): Promise<ProvidedIssuer>;
}

/** The part of the trust that an issuer provides. */
export type IssuerTrust = Pick<TrustState, "issuer" | "jwks" | "tokenRules" | "staleAfterMs">;

/** An issuer whose keys are kept current, with a source of the bot's own tokens. */
export interface ProvidedIssuer {
  /** The keys and rules by which its tokens are verified. */
  readonly trust: Observable<IssuerTrust>;
  /** The source of the bot's own tokens. */
  readonly tokens: TokenSource;
  /** The time when the keys were last read, in milliseconds since the epoch; negative infinity when that is not known. */
  readonly heardAt: number;
  /** Whether the keys are older than the bound `staleAfterMs`. */
  isStale(): boolean;
  /**
   * Calls `listener` whenever the keys become stale (true) or fresh again (false).
   *
   * @param listener - Gets the new state.
   * @returns A function that ends the subscription.
   */
  onStaleness(listener: (stale: boolean) => void): Unsubscribe;
  /** Reads the keys again, because a token names one that is unknown here. */
  refetch(): Promise<void>;
  /** Stops keeping the keys current. */
  close(): void;
}
