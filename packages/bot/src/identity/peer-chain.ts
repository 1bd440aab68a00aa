import type { DetailedPeerCertificate, TLSSocket } from "node:tls";

/** The chain (DER) that TLS found for a socket's other end: the leaf first, the root last. */
export function peerChain(socket: TLSSocket): Uint8Array[] {
  const chain: Uint8Array[] = [];
  let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (next?.raw && !chain.some((known) => Buffer.compare(known, (next as DetailedPeerCertificate).raw) === 0)) {
    chain.push(Uint8Array.from(next.raw));
    next = next.issuerCertificate; // A root is its own issuer.
  }
  return chain;
}
