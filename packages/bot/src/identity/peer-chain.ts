import type { X509Certificate } from "node:crypto";
import type { DetailedPeerCertificate, Server, TLSSocket } from "node:tls";

const kept = new WeakMap<TLSSocket, readonly Uint8Array[] | undefined>();

/**
 * Keeps the chains of a server's peers for {@link peerChain}. Node 24.2x and 26.8 look at the peer's certificate
 * themselves when a handshake is done, and so take the intermediates away (nodejs/node#65579). Before that, Node hands out
 * a server's socket only with the lines of the key log; their content is not used.
 */
export function keepPeerChains(server: Server): void {
  server.on("keylog", (_line, socket) => {
    if (kept.has(socket)) return;
    kept.set(socket, undefined);
    socket.prependOnceListener("secure", () => kept.set(socket, shownBy(socket)));
  });
}

/**
 * The chain (DER) that a socket's other end has sent, in the order in which it was sent: the leaf first; empty when there is
 * none. TLS vouches only for the leaf, and only where `socket.authorized` is true; see `proveChain`. Call this once for a
 * socket: before Node 26, a second reading finds no intermediates.
 */
export function peerChain(socket: TLSSocket): readonly Uint8Array[] {
  return kept.get(socket) ?? shownBy(socket);
}

/*
 * `getPeerCertificate(true)` is not used here: it converts the names and keys of every certificate that was sent, and a
 * server reads the chain before TLS has judged it. This reads bytes only.
 */
function shownBy(socket: TLSSocket): Uint8Array[] {
  const chain: Uint8Array[] = [];
  let next: X509Certificate | undefined = socket.getPeerX509Certificate();
  for (; next; next = next.issuerCertificate) chain.push(Uint8Array.from(next.raw));
  return chain;
}

/** The chain (DER) from a certificate up, as Node links it by names: the leaf first, the root last. */
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
