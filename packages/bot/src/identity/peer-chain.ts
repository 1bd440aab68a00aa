import type { DetailedPeerCertificate, TLSSocket } from "node:tls";

/**
 * The chain (DER) that TLS found for a socket's other end: the leaf first, the root last; empty when it showed none. Ask it
 * before `getPeerX509Certificate`, which takes the intermediates away with it (Node 20).
 */
export function peerChain(socket: TLSSocket): Uint8Array[] {
  return chainOf(socket.getPeerCertificate(true));
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
