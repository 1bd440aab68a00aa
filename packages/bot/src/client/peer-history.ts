import type { Clock } from "../base/clock.js";
import type { Peer } from "../identity/verify-peer.js";

/**
 * The proofs of a channel's server, by connection. Bounded: `inForce` by the connections that are made while calls go on,
 * `all` by the renewals within the life of one certificate.
 */
export interface PeerHistory {
  /** The latest proof. */
  readonly latest: Peer | undefined;
  /** The proofs on which the calls under way rest. */
  inForce(): readonly Peer[];
  /** Those, and the ones on which they rested before: a revocation of any of them counts. */
  all(): readonly Peer[];
  /** Adds the proof of a new connection. `busy` says whether calls are under way on an earlier one. */
  add(peer: Peer, busy: boolean): void;
  /** Rests everything on `proved`. False, and nothing changes, where that is another bot's. */
  rebind(proved: Peer): boolean;
}

/** Creates an empty history. */
export function createPeerHistory(clock: Clock): PeerHistory {
  let latest: Peer | undefined;
  let others: readonly Peer[] = []; // Of earlier connections, on which there may be calls under way.
  let earlier: readonly Peer[] = [];
  const inForce = () => (latest ? [latest, ...others] : []);
  return {
    get latest() {
      return latest;
    },
    inForce,
    all: () => [...inForce(), ...earlier],
    add(peer, busy) {
      const { thumbprint } = peer.certificate;
      others = busy ? inForce().filter(({ certificate }) => certificate.thumbprint !== thumbprint) : [];
      if (!busy) earlier = [];
      latest = peer;
    },
    rebind(proved) {
      // No bot can vouch for another bot's connection.
      if (inForce().some(({ id }) => id.uri !== proved.id.uri)) return false;
      earlier = [...earlier, ...inForce()].filter(({ certificate }) => certificate.notAfter > clock.now());
      others = [];
      latest = proved;
      return true;
    },
  };
}
