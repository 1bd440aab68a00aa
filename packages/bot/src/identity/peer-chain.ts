import type { DetailedPeerCertificate, Server, TLSSocket } from "node:tls";

const kept = new WeakMap<TLSSocket, readonly Uint8Array[] | undefined>();

/**
 * Keeps the chains of a server's peers for {@link peerChain}. Node 24.2x and 26.8 look at the peer's certificate
 * themselves when a handshake is done, and so take the intermediates away with it (nodejs/node#65579). Before that, a
 * server's socket is handed out with the lines of the key log alone; of what they say nothing is looked at.
 */
export function keepPeerChains(server: Server): void {
  server.on("keylog", (_line, socket) => {
    if (kept.has(socket)) return;
    kept.set(socket, undefined);
    socket.prependOnceListener("secure", () => kept.set(socket, chainOf(socket.getPeerCertificate(true))));
  });
}

/**
 * The chain (DER) of a socket's other end, as Node links it: the leaf first, the root last; empty when it showed none. Only
 * of the leaf does TLS vouch; see `proveChain`. Ask it before `getPeerX509Certificate`, which takes the intermediates away
 * with it.
 */
export function peerChain(socket: TLSSocket): readonly Uint8Array[] {
  return kept.get(socket) ?? chainOf(socket.getPeerCertificate(true));
}

/** The chain (DER) from a certificate up, as Node links it: the leaf first, the root last. */
export function chainOf(peer: Partial<DetailedPeerCertificate>): Uint8Array[] {
  const chain: Uint8Array[] = [];
  let next: Partial<DetailedPeerCertificate> | undefined = peer;
  while (next?.raw) {
    const { raw } = next;
    if (chain.some((known) => Buffer.compare(known, raw) === 0)) break; // A root is its own issuer.
    chain.push(Uint8Array.from(raw));
    next = next.issuerCertificate;
  }
  return chain;
}
