import { Turns } from "@interlock/wire";

/** What one bot has under way at a server, over all of its connections, and those of the gateways that call for it. */
export interface PeerLoad {
  /** Calls that are open. */
  calls: number;
  /** An estimate of the memory, in bytes, that is held for its requests which no handler has taken yet. */
  bytes: number;
}

/** The load of a bot that has connections. */
export interface ConnectedLoad extends PeerLoad {
  /** How many calls these begin in a turn of the event loop, all together. */
  readonly turns: Turns;
}

/**
 * The loads of the bots that are connected, and of those for which a gateway has a call open; bounded by the connections, and by the
 * calls that these may have open.
 */
export interface PeerLoads {
  /** How many bots have one. */
  readonly size: number;
  /**
   * The load of an account (`accountOf`): of a bot by its SPIFFE ID, or of a federated trust domain. It is for one more of its
   * connections, or of the calls that are made for it.
   */
  join(peer: string): ConnectedLoad;
  /** Ends a connection or a call for which {@link join} was called. */
  leave(peer: string): void;
}

/** Makes an empty account of loads. */
export function createPeerLoads(): PeerLoads {
  const loads = new Map<string, { readonly load: ConnectedLoad; users: number }>();
  return {
    get size() {
      return loads.size;
    },
    join(peer) {
      const known = loads.get(peer) ?? { load: { calls: 0, bytes: 0, turns: new Turns() }, users: 0 };
      known.users++;
      loads.set(peer, known);
      return known.load;
    },
    leave(peer) {
      const known = loads.get(peer);
      if (known && --known.users === 0) loads.delete(peer);
    },
  };
}
