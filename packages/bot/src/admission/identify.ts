import { denial } from "../base/error.js";
import type { Trust } from "../trust/trust.js";
import type { Attempt } from "./attempt.js";

/** Who calls is known from the connection; whether it may still call is looked up on every call. */
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
