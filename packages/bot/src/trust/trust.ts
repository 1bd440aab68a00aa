import type { SpiffeId } from "@interlock/policy";
import type { JSONWebKeySet } from "jose";
import { type Clock, systemClock } from "../base/clock.js";
import type { Reason } from "../base/reason.js";
import { sameBytes } from "../base/same-bytes.js";
import { createListeners, type Unsubscribe } from "../base/subscription.js";
import type { Certificate } from "../identity/certificate.js";
import type { TokenRules } from "../token/token-rules.js";
import { createCooledDown } from "./cooled-down.js";
import { type CutOff, type GrantedToken, indexCutOffs } from "./cut-offs.js";
import { type FederatedDomain, indexFederated, sameFederated } from "./federated-domain.js";
import { indexRetired } from "./retired-methods.js";
import type { Revocation } from "./revocation.js";
import { indexRevocations } from "./revocation-index.js";
import { createStaleness, type Freshness } from "./staleness.js";

/** What a bot trusts, at one version. It is complete and immutable, and also the form that is saved. */
export interface TrustState {
  /** The version, which grows with every change. */
  readonly version: bigint;
  /** The trust domain of the fleet, for example `cafe`. */
  readonly trustDomain: string;
  /** The `iss` that every token must have. */
  readonly issuer: string;
  /** Earlier names of the same issuer, in tokens that may still be valid. Default: none. */
  readonly formerIssuers?: readonly string[];
  /** The form of its tokens. Default: the form of the authority's. */
  readonly tokenRules?: TokenRules;
  /** The CA certificates of the fleet, DER. */
  readonly caCertificates: readonly Uint8Array[];
  /** The digest (SHA-256 over the DER, base64url) of the CA that signs certificates now, if it is known. */
  readonly activeCa?: string;
  /** The public keys of the token issuer. */
  readonly jwks: JSONWebKeySet;
  /** Everything that is revoked. */
  readonly revocations: readonly Revocation[];
  /** Scopes that were withdrawn while tokens with them are still valid. Default: none. */
  readonly cutOffs?: readonly CutOff[];
  /** The methods that servers refuse: `package.Service/Method`, or `package.Service/*` for all of a service. Default: none. */
  readonly retired?: readonly string[];
  /** Other trust domains of which some identities are believed, for some services. Default: none. */
  readonly federated?: readonly FederatedDomain[];
  /** The time without a message from the authority after which the trust is stale, in milliseconds. */
  readonly staleAfterMs: number;
}

/** The effect of an update of the trust. */
export interface TrustChange {
  readonly state: TrustState;
  /** What was revoked by it. */
  readonly revoked: readonly Revocation[];
  readonly caChanged: boolean;
  /** Whether anything about the federated trust domains has changed. */
  readonly federatedChanged: boolean;
}

/**
 * What a bot trusts, kept current by the authority. Every look-up on it is O(1).
 *
 * @example
 * ```ts
 * bot.trust.onStaleness((stale) => console.warn(stale ? "the authority is away" : "the authority is back"));
 * console.log(bot.trust.state.revocations.length);
 * ```
 */
export interface Trust {
  /** The trust at its newest version. */
  readonly state: TrustState;
  /**
   * Looks up whether a peer is revoked. A bot of another trust domain is, unless the domain is federated and one of its
   * identity patterns names the bot.
   *
   * @param spiffeId - The URI of its SPIFFE ID.
   * @param certificate - The certificate that it showed.
   * @returns The reason, or `undefined`.
   */
  peerRevoked(spiffeId: string, certificate: Certificate): Reason | undefined;
  /** Whether a bot is revoked by its name. It is for the bots in a token that are not at the other end. */
  identityRevoked(id: SpiffeId): boolean;
  /**
   * Finds the federated trust domain by which a bot is believed.
   *
   * @param spiffeId - The URI of its SPIFFE ID.
   * @returns The domain; `undefined` for a bot of the own trust domain, and for one that is not believed.
   */
  federatedDomain(spiffeId: string): FederatedDomain | undefined;
  /** Whether the token with this `jti` is revoked. */
  tokenRevoked(jti: string): boolean;
  /** Whether a token holds a scope that was withdrawn since it was issued. */
  tokenOutdated(token: GrantedToken): boolean;
  /** Whether the method with this path, for example `/cafe.v1.GripperService/Grip`, is retired in the whole fleet. */
  methodRetired(path: string): boolean;
  /**
   * Fetches the newest trust, because something is unknown here. It does so at most once in 10 s.
   *
   * @returns Whether the trust was fetched for this call, successfully or not.
   */
  refetch(): Promise<boolean>;
  /** When the authority was last heard, in milliseconds since the epoch. */
  readonly heardAt: number;
  /** Whether the last word from the authority is older than the bound of the state, or came before this process. */
  isStale(): boolean;
  /** Calls `listener` when the trust becomes stale (true), and when it is fresh again (false). */
  onStaleness(listener: (stale: boolean) => void): Unsubscribe;
  /** Calls `listener` after each update. */
  onChange(listener: (change: TrustChange) => void): Unsubscribe;
}

/** A {@link Trust} that can be updated. */
export interface MutableTrust extends Trust {
  /**
   * Replaces the whole state.
   *
   * @param heard - Whether the authority has given this state, which makes the trust fresh. Default: true.
   */
  replace(state: TrustState, heard?: boolean): void;
  /** Sets how the newest trust is fetched; until then, `refetch` does nothing. */
  refetchWith(fetch: () => Promise<void>): void;
  /** Says that the authority has been heard, even if nothing changed. */
  touch(): void;
}

/** The time between two fetches because of something unknown, in milliseconds. */
export const refetchCoolDownMs = 10_000;

/**
 * Makes a trust in memory.
 *
 * @param initial - The state at the start.
 * @param clock - The source of the time. Default: the machine's.
 * @param freshness - When the state was confirmed. Default: now.
 * @returns The trust.
 */
export function createTrust(initial: TrustState, clock: Clock = systemClock, freshness?: Freshness): MutableTrust {
  const listeners = createListeners<TrustChange>();
  let state = initial;
  let revoked = indexRevocations(initial.revocations, initial.trustDomain);
  let federated = indexFederated(initial.federated ?? []);
  const isOwn = (uri: string) => uri.startsWith(`spiffe://${state.trustDomain}/`);
  const isBelieved = (uri: string) => isOwn(uri) || federated(uri) !== undefined;
  let outdated = indexCutOffs(initial.cutOffs ?? []);
  let retired = indexRetired(initial.retired ?? []);
  const staleness = createStaleness(clock, () => state.staleAfterMs, freshness);
  let fetch: (() => Promise<void>) | undefined;
  const refetch = createCooledDown(refetchCoolDownMs, clock, async () => fetch?.());
  return {
    get state() {
      return state;
    },
    peerRevoked: (spiffeId, certificate) =>
      revoked.peer(spiffeId, certificate) ?? (isBelieved(spiffeId) ? undefined : "IDENTITY_REVOKED"),
    identityRevoked: (id) => revoked.identity(id) || !isBelieved(id.uri),
    federatedDomain: (spiffeId) => (isOwn(spiffeId) ? undefined : federated(spiffeId)),
    tokenRevoked: (jti) => revoked.token(jti),
    refetch: async () => fetch !== undefined && refetch(),
    refetchWith(given) {
      fetch = given;
    },
    tokenOutdated: (token) => outdated(token),
    methodRetired: (path) => retired(path),
    get heardAt() {
      return staleness.heardAt;
    },
    isStale: staleness.isStale,
    onStaleness: staleness.onChange,
    touch: staleness.touch,
    replace(next, heard = true) {
      const before = state;
      const known = revoked;
      state = next;
      revoked = indexRevocations(next.revocations, next.trustDomain);
      federated = indexFederated(next.federated ?? []);
      outdated = indexCutOffs(next.cutOffs ?? []);
      retired = indexRetired(next.retired ?? []);
      if (heard) staleness.touch();
      listeners.tell({
        state,
        revoked: next.revocations.filter((revocation) => !known.has(revocation)),
        caChanged: !sameBytes(before.caCertificates, next.caCertificates),
        federatedChanged: !sameFederated(before.federated ?? [], next.federated ?? []),
      });
    },
    onChange: listeners.add,
  };
}
