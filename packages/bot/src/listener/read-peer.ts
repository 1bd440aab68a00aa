import type { TLSSocket } from "node:tls";
import type { Clock } from "../base/clock.js";
import type { Reason } from "../base/reason.js";
import { hasShownCertificate, peerChain } from "../identity/peer-chain.js";
import { type Peer, verifyPeer } from "../identity/verify-peer.js";
import type { Trust } from "../trust/trust.js";
import { refusalOf } from "./refusal.js";

/**
 * Reads and verifies the peer of a server's socket after the handshake. Gives the peer, or the reason to refuse it. TLS's own
 * verdict comes first: nothing that an unauthorized peer has sent is read.
 */
export function readPeer(socket: TLSSocket, trust: Trust, clock: Clock): Peer | Reason {
  if (!socket.authorized) {
    return hasShownCertificate(socket) ? refusalOf(String(socket.authorizationError)) : "NO_CERTIFICATE";
  }
  const { trustDomain, caCertificates } = trust.state;
  const { peerRevoked: revoked } = trust;
  return verifyPeer(peerChain(socket), { peer: "client", trustDomain, now: clock.now(), caCertificates, revoked });
}
