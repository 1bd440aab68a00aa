import type { TLSSocket } from "node:tls";
import type { Peer } from "../admission/connection.js";
import type { Clock } from "../base/clock.js";
import type { Reason } from "../base/reason.js";
import { type Certificate, parseCertificate } from "../identity/certificate.js";
import { checkCertificate } from "../identity/check-certificate.js";
import { checkIssuers } from "../identity/check-issuers.js";
import { peerChain } from "../identity/peer-chain.js";
import { proveChain } from "../identity/prove-chain.js";
import type { Trust } from "../trust/trust.js";
import { refusalOf } from "./refusal.js";

/** Reads the peer of a socket after its handshake: the leaf, the chain that it leads to a CA by, then revocation. */
export function readPeer(socket: TLSSocket, trust: Trust, clock: Clock): Peer | Reason {
  const found = peerChain(socket);
  const [der] = found;
  if (!der) return "NO_CERTIFICATE";
  if (!socket.authorized) return refusalOf(String(socket.authorizationError));
  let certificate: Certificate;
  try {
    certificate = parseCertificate(der);
  } catch {
    return "CERTIFICATE_MALFORMED";
  }
  const { trustDomain, caCertificates } = trust.state;
  const now = clock.now();
  const id = checkCertificate(certificate, { peer: "client", trustDomain, now });
  if (typeof id === "string") return id;
  const chain = proveChain(found, { caCertificates, now });
  if (!chain) return "CERTIFICATE_UNTRUSTED";
  const fault = checkIssuers(chain.slice(1), trustDomain);
  if (fault) return fault;
  return trust.peerRevoked(id.uri, certificate) ?? { id, certificate, chain };
}
