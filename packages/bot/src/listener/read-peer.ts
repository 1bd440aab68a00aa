import type { TLSSocket } from "node:tls";
import type { Clock } from "../base/clock.js";
import type { Reason } from "../base/reason.js";
import { peerChain } from "../identity/peer-chain.js";
import { type Peer, verifyPeer } from "../identity/verify-peer.js";
import type { Trust } from "../trust/trust.js";
import { refusalOf } from "./refusal.js";

/** Reads and verifies the peer of a server's socket after the handshake. Gives the peer, or the reason to refuse it. */
export function readPeer(socket: TLSSocket, trust: Trust, clock: Clock): Peer | Reason {
  const found = peerChain(socket);
  if (found.length === 0) return "NO_CERTIFICATE";
  if (!socket.authorized) return refusalOf(String(socket.authorizationError));
  const { trustDomain, caCertificates } = trust.state;
  const { peerRevoked: revoked } = trust;
  return verifyPeer(found, { peer: "client", trustDomain, now: clock.now(), caCertificates, revoked });
}
