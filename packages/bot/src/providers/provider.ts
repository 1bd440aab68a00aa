import type { Clock } from "../base/clock.js";
import type { Log } from "../base/log.js";
import type { Observable } from "../base/observable.js";
import type { IdentitySource } from "../identity/identity.js";
import type { TokenSource } from "../token/token-source.js";
import type { Freshness } from "../trust/staleness.js";
import type { TrustState } from "../trust/trust.js";

/** What a provider works with. */
export interface ProviderContext {
  readonly clock: Clock;
  readonly log: Log;
}

/** Where a bot's identity comes from, if not from the authority; see {@link fromFiles}. */
export interface IdentityProvider {
  /** Resolves once there is an identity, and keeps it current until it is closed. Rejects, saying what to do. */
  open(context: ProviderContext): Promise<ProvidedIdentity>;
}

/** An identity, and whose certificates the bot believes with it. */
export interface ProvidedIdentity {
  readonly identity: IdentitySource;
  /** CA certificates, DER; at least one. */
  readonly roots: Observable<readonly Uint8Array[]>;
  close(): void;
}

/** Where the tokens of a fleet come from, if not from the authority; see {@link fromIssuer}. */
export interface IssuerProvider {
  /** Resolves once the issuer's keys are known, and keeps them current until it is closed. Rejects, saying what to do. */
  open(context: ProviderContext): Promise<ProvidedIssuer>;
}

/** The part of the trust that an issuer answers for. */
export type IssuerTrust = Pick<TrustState, "issuer" | "jwks" | "tokenRules" | "staleAfterMs">;

/** An issuer: what its tokens are verified with, and where a bot gets its own. */
export interface ProvidedIssuer extends Freshness {
  readonly trust: Observable<IssuerTrust>;
  readonly tokens: TokenSource;
  isStale(): boolean;
  onStaleness(listener: (stale: boolean) => void): () => void;
  /** Reads the keys anew, because one is unknown here. */
  refetch(): Promise<void>;
  close(): void;
}
