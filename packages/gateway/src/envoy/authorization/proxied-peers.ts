import { type Clock, InterlockError, type Trust } from "@interlock/bot";
import { type Connection, denial, verifyPeer } from "@interlock/bot/internal";
import { forwardedChain } from "./forwarded-chain.js";
import type { ProxiedCall } from "./proxied-call.js";
import { createProxiedConnection } from "./proxied-connection.js";

/** How many callers' certificates are remembered: with their chains and tokens at most 64 MiB, usually 30. */
const maximumPeers = 4_096;

/** How long a caller stays cut off that went on far beyond its rate, in milliseconds. */
const cutOffMs = 1_000;

/** The callers at the other end of a proxy, each verified once. */
export interface ProxiedPeers {
  /**
   * The record of a call's peer.
   *
   * @throws A denial, UNAUTHENTICATED, with the reason of `verifyPeer`.
   */
  find(call: Pick<ProxiedCall, "forwarded" | "principal" | "address">): Connection;
  /** Stops watching the trust. */
  close(): void;
}

interface Known {
  readonly connection: Connection;
  /** When it is forgotten, in milliseconds since the epoch: it was cut off. */
  until: number;
}

/**
 * Makes the register of callers. A certificate is verified by the recipe of every listener, leaf, chain, revocation; what the proxy
 * says of it is compared with that. The proxy is the end of TLS: that the caller holds the key is its word alone.
 */
export function createProxiedPeers(trust: Trust, clock: Clock): ProxiedPeers {
  const known = new Map<string, Known>();
  // A CA that is withdrawn takes its certificates with it.
  const unsubscribe = trust.onChange(({ caChanged }) => caChanged && known.clear());

  function verified({ forwarded, principal, address }: Parameters<ProxiedPeers["find"]>[0]): Known {
    const chain = forwardedChain(forwarded);
    if (!chain) throw unauthenticated("CERTIFICATE_MALFORMED");
    const { trustDomain, caCertificates } = trust.state;
    const expected = { peer: "client", trustDomain, now: clock.now(), caCertificates } as const;
    const peer = verifyPeer(chain, { ...expected, revoked: trust.peerRevoked });
    if (typeof peer === "string") throw unauthenticated(peer);
    if (peer.id.uri !== principal) throw unauthenticated("CERTIFICATE_MALFORMED");
    const entry: Known = {
      until: Number.POSITIVE_INFINITY,
      connection: createProxiedConnection(peer, address, () => {
        entry.until = clock.now() + cutOffMs;
      }),
    };
    return entry;
  }

  return {
    find(call) {
      // Both words of the proxy are in the key, so that a new one is compared anew.
      const key = `${call.principal} ${call.forwarded}`;
      let entry = known.get(key);
      if (entry && entry.until > clock.now()) return entry.connection;
      entry = verified(call);
      known.delete(key);
      if (known.size >= maximumPeers) known.delete(known.keys().next().value as string);
      known.set(key, entry);
      return entry.connection;
    },
    close: unsubscribe,
  };
}

/** In a handshake these reasons close the connection; here there is a call to answer, which must not be made again. */
function unauthenticated(reason: Parameters<typeof denial>[0]): InterlockError {
  const { message, metadata } = denial(reason);
  return new InterlockError("UNAUTHENTICATED", message, { reason, metadata });
}
