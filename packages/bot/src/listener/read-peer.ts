import type { TLSSocket } from "node:tls";
import type { Clock } from "../base/clock.js";
import type { Reason } from "../base/reason.js";
import { hasShownCertificate, peerChain } from "../identity/peer-chain.js";
import { type Peer, verifyPeer } from "../identity/verify-peer.js";
import type { FederatedDomain } from "../trust/federated-domain.js";
import type { Trust } from "../trust/trust.js";
import { refusalOf } from "./refusal.js";

/**
 * Reads and verifies the peer of a server's socket after the handshake. Gives the peer, or the reason to refuse it. TLS's own
 * verdict comes first: nothing that an unauthorized peer has sent is read. Bots of a federated trust domain are let in where
 * `admits` says so. Default: nowhere.
 */
export function readPeer(
  socket: TLSSocket,
  trust: Trust,
  clock: Clock,
  admits?: (domain: FederatedDomain) => boolean,
): Peer | Reason {
  if (!socket.authorized) {
    return hasShownCertificate(socket) ? refusalOf(String(socket.authorizationError)) : "NO_CERTIFICATE";
  }
  const { trustDomain, caCertificates } = trust.state;
  const { peerRevoked: revoked } = trust;
  const federated = admits && ((uri: string) => admitted(trust.federatedDomain(uri), admits));
  const expected = { trustDomain, now: clock.now(), caCertificates, revoked, federated };
  return verifyPeer(peerChain(socket), { peer: "client", ...expected });
}

function admitted(
  domain: FederatedDomain | undefined,
  admits: (domain: FederatedDomain) => boolean,
): FederatedDomain | undefined {
  return domain && admits(domain) ? domain : undefined;
}
