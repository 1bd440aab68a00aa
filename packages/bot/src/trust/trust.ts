import type { SpiffeId } from "@interlock/policy";
import type { JSONWebKeySet } from "jose";
import { type Clock, systemClock } from "../base/clock.js";
import type { Reason } from "../base/reason.js";
import { createListeners, type Unsubscribe } from "../base/subscription.js";
import type { Certificate } from "../identity/certificate.js";
import type { TokenRules } from "../token/token-rules.js";
import { createCooledDown } from "./cooled-down.js";
import { type CutOff, type GrantedToken, indexCutOffs } from "./cut-offs.js";
import { type Revocation, revocationKey } from "./revocation.js";
import { indexRevocations } from "./revocation-index.js";
import { createStaleness, type Freshness } from "./staleness.js";

/** What a bot trusts, at one version. Complete and immutable; also the form in which it is saved. */
export interface TrustState {
  readonly version: bigint;
  readonly trustDomain: string;
  /** The `iss` that every token must have. */
  readonly issuer: string;
  /** What the same issuer was called before, in tokens that may still be out there; none unless said. */
  readonly formerIssuers?: readonly string[];
  /** What its tokens look like; those of the authority unless said. */
  readonly tokenRules?: TokenRules;
  /** DER. */
  readonly caCertificates: readonly Uint8Array[];
  /** The digest (SHA-256 over the DER, base64url) of that CA below which certificates are signed now, where it is known. */
  readonly activeCa?: string;
  readonly jwks: JSONWebKeySet;
  readonly revocations: readonly Revocation[];
  /** Scopes that were taken away while tokens with them are still out there; none unless said. */
  readonly cutOffs?: readonly CutOff[];
  /** How long the trust may go without word from the authority before it counts as stale. */
  readonly staleAfterMs: number;
}

/** What changed with an update. */
export interface TrustChange {
  readonly state: TrustState;
  /** What was shut out by it. */
  readonly revoked: readonly Revocation[];
  readonly caChanged: boolean;
}

/** What a bot trusts, kept current: every look-up on it is O(1). */
export interface Trust {
  readonly state: TrustState;
  /** Why this peer is shut out, or `undefined`. */
  peerRevoked(spiffeId: string, certificate: Certificate): Reason | undefined;
  /** Whether a bot is shut out by its name, wherever it is: for those in a token who are not at the other end. */
  identityRevoked(id: SpiffeId): boolean;
  tokenRevoked(jti: string): boolean;
  /** Whether a token holds a scope that has been taken away since it was issued. */
  tokenOutdated(token: GrantedToken): boolean;
  /**
   * Asks for the newest trust, because something is unknown here: at most once in 10 s, whoever asks. True when that was
   * done, whatever came of it.
   */
  refetch(): Promise<boolean>;
  /** When the authority was last heard of, milliseconds since the epoch. */
  readonly heardAt: number;
  /** Whether the last word from the authority is older than the declared bound, or came before this process. */
  isStale(): boolean;
  /** Tells whenever the trust becomes stale (true), and fresh again (false). */
  onStaleness(listener: (stale: boolean) => void): Unsubscribe;
  onChange(listener: (change: TrustChange) => void): Unsubscribe;
}

/** A {@link Trust} that can be told of changes. */
export interface MutableTrust extends Trust {
  /** Takes over a new state, whole. */
  replace(state: TrustState): void;
  /** Says how the newest trust is asked for; until then, `refetch` does nothing. */
  refetchWith(fetch: () => Promise<void>): void;
  /** The authority has been heard of, even if nothing changed. */
  touch(): void;
}

/** How long nothing more is asked for because of what is unknown, in milliseconds. */
export const refetchCoolDownMs = 10_000;

/** Keeps trust in memory, starting from `initial`, which has been heard just now unless `freshness` says otherwise. */
export function createTrust(initial: TrustState, clock: Clock = systemClock, freshness?: Freshness): MutableTrust {
  const listeners = createListeners<TrustChange>();
  let state = initial;
  let revoked = indexRevocations(initial.revocations);
  let outdated = indexCutOffs(initial.cutOffs ?? []);
  const staleness = createStaleness(clock, () => state.staleAfterMs, freshness);
  let fetch: (() => Promise<void>) | undefined;
  const refetch = createCooledDown(refetchCoolDownMs, clock, async () => fetch?.());
  return {
    get state() {
      return state;
    },
    peerRevoked: (spiffeId, certificate) => revoked.peer(spiffeId, certificate),
    identityRevoked: (id) => revoked.identity(id),
    tokenRevoked: (jti) => revoked.token(jti),
    refetch: async () => fetch !== undefined && refetch(),
    refetchWith(given) {
      fetch = given;
    },
    tokenOutdated: (token) => outdated(token),
    get heardAt() {
      return staleness.heardAt;
    },
    isStale: staleness.isStale,
    onStaleness: staleness.onChange,
    touch: staleness.touch,
    replace(next) {
      const before = state;
      const known = new Set(before.revocations.map(revocationKey));
      state = next;
      revoked = indexRevocations(next.revocations);
      outdated = indexCutOffs(next.cutOffs ?? []);
      staleness.touch();
      listeners.tell({
        state,
        revoked: next.revocations.filter((r) => !known.has(revocationKey(r))),
        caChanged: !sameBytes(before.caCertificates, next.caCertificates),
      });
    },
    onChange: listeners.add,
  };
}

function sameBytes(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((bytes, i) => Buffer.compare(bytes, b[i] as Uint8Array) === 0);
}
