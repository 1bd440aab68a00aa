import { denial } from "../base/error.js";
import type { Trust } from "../trust/trust.js";
import type { Attempt } from "./attempt.js";

/**
 * Makes the first step of the chain: checks on every call that the peer, which is known from the connection, may still call.
 * The step throws `CERTIFICATE_EXPIRED`, one of the `…_REVOKED` reasons, or the error with which the connection was cut off.
 */
export function createIdentify(trust: Trust) {
  return function identify({ connection, now }: Pick<Attempt, "connection" | "now">): void {
    const { certificate, peer } = connection;
    if (connection.ended) throw connection.ended;
    if (now >= certificate.notAfter) throw denial("CERTIFICATE_EXPIRED");
    if (connection.clearedBy === trust.state) return; // Nothing has changed since the last call.
    const revoked = trust.peerRevoked(peer.uri, certificate);
    if (revoked) throw denial(revoked);
    connection.clearedBy = trust.state;
  };
}
