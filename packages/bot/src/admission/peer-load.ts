/** What one bot has under way at a server, over all of its connections. */
export interface PeerLoad {
  /** Calls that are open. */
  calls: number;
  /** An estimate of the memory, in bytes, that is held for its requests which no handler has taken yet. */
  bytes: number;
}

/** The loads of the bots that are connected; bounded by their connections. */
export interface PeerLoads {
  /** The load of the bot with this SPIFFE ID, for one more of its connections. */
  join(peer: string): PeerLoad;
  /** Ends a connection for which {@link join} was called. */
  leave(peer: string): void;
}

/** Makes an empty account of loads. */
export function createPeerLoads(): PeerLoads {
  const loads = new Map<string, { readonly load: PeerLoad; connections: number }>();
  return {
    join(peer) {
      const known = loads.get(peer) ?? { load: { calls: 0, bytes: 0 }, connections: 0 };
      known.connections++;
      loads.set(peer, known);
      return known.load;
    },
    leave(peer) {
      const known = loads.get(peer);
      if (known && --known.connections === 0) loads.delete(peer);
    },
  };
}
