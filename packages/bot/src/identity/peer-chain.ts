import type { X509Certificate } from "node:crypto";
import type { DetailedPeerCertificate, Server, TLSSocket } from "node:tls";

/** The certificates of a chain that are read, the leaf included; a fleet has three. Whatever follows is not looked at. */
export const maximumChainLength = 8;

/** The bytes of a handshake above which the client has certainly shown a certificate; without one it sends half of them. */
const withoutCertificateBytes = 4_096;

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
    socket.prependOnceListener("secure", () => {
      if (isVerified(socket)) kept.set(socket, shownBy(socket));
    });
  });
}

/**
 * The chain (DER) that a socket's other end has sent, in the order in which it was sent: the leaf first; empty when there is none.
 * TLS vouches only for the leaf, and only where `socket.authorized` is true; see `proveChain`. Call this once for a socket:
 * before Node 26, a second reading finds no intermediates.
 *
 * Call it only after `authorized` is known to be true: the reading of 300 certificates costs tens of milliseconds.
 */
export function peerChain(socket: TLSSocket): readonly Uint8Array[] {
  return kept.get(socket) ?? shownBy(socket);
}

/** Whether a client that TLS did not authorize has shown a certificate at all. */
export function hasShownCertificate(socket: TLSSocket): boolean {
  // TLS has this code for "none", and for a chain whose root is missing as well.
  if ((socket.authorizationError as unknown) !== "UNABLE_TO_GET_ISSUER_CERT") return true;
  return socket.bytesRead > withoutCertificateBytes || socket.getPeerX509Certificate() !== undefined;
}

/**
 * Keeps Node from converting the certificates of a socket's other end. `getPeerCertificate` ends the process on Node 23 and
 * later for an EC key on a curve without a NIST name, and Node itself calls it on every client's socket that TLS has
 * authorized. It gives no certificate afterwards; {@link peerChain} does, as bytes.
 */
export function withoutConversion(socket: TLSSocket): TLSSocket {
  socket.getPeerCertificate = () => ({}) as DetailedPeerCertificate;
  return socket;
}

// Undocumented, and the one way to ask before Node has looked itself. Without it, the chain is read in any case.
function isVerified(socket: TLSSocket & { readonly ssl?: { verifyError?(): unknown } | null }): boolean {
  return !socket.ssl?.verifyError?.();
}

/*
 * `getPeerCertificate(true)` is not used here: see `withoutConversion`. This reads bytes only.
 */
function shownBy(socket: TLSSocket): Uint8Array[] {
  const chain: Uint8Array[] = [];
  let next: X509Certificate | undefined = socket.getPeerX509Certificate();
  for (; next && chain.length < maximumChainLength; next = next.issuerCertificate) {
    chain.push(Uint8Array.from(next.raw));
  }
  return chain;
}
