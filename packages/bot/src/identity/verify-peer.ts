import { federatedId, parseSpiffeId, type SpiffeId } from "@interlock/policy";
import type { Reason } from "../base/reason.js";
import { type Certificate, parseCertificate } from "./certificate.js";
import { type CertificateExpectation, checkCertificate } from "./check-certificate.js";
import { checkIssuers } from "./check-issuers.js";
import { maximumChainLength } from "./peer-chain.js";
import { proveChain } from "./prove-chain.js";
import { remember } from "./remember.js";

/** The verified identity at the other end of a connection, and the certificates that prove it. */
export interface Peer {
  readonly id: SpiffeId;
  readonly certificate: Certificate;
  /** The proved chain, DER: the leaf first, the root last. */
  readonly chain: readonly Uint8Array[];
}

/** A trust domain, and the CA certificates that are believed for it alone, DER. */
export interface DomainBasis {
  readonly trustDomain: string;
  readonly caCertificates: readonly Uint8Array[];
}

/** What a peer is verified against. */
export interface PeerExpectation extends CertificateExpectation, DomainBasis {
  /**
   * Finds the federated trust domain by which an identity of another domain is believed. Default: none is, as for everything that
   * is not a server which lets such bots in.
   */
  readonly federated?: ((spiffeId: string) => DomainBasis | undefined) | undefined;
  /** Gives the reason when a peer is revoked. Absent only where there is no trust yet: when a bot joins. */
  readonly revoked?: (spiffeId: string, certificate: Certificate) => Reason | undefined;
}

/** The longest certificate that is read, in bytes: as much as OpenSSL takes in a whole handshake. Usual ones take 1 to 3 KiB. */
export const maximumCertificateBytes = 100 * 1_024;

/**
 * Verifies a peer: the leaf by itself, then a chain from it to a CA with good issuers, then revocation. This is the one
 * recipe for every connection and every certificate file.
 *
 * The SPIFFE ID in the leaf decides which trust domain is meant, and with it which CAs are believed: those of that domain, and no
 * others. A CA of another domain proves nothing.
 *
 * `found` holds the certificates as they were shown, DER, the leaf first. TLS has proved that the peer holds the key of the leaf.
 *
 * @returns The peer, or the reason for which it is refused.
 */
export function verifyPeer(found: readonly Uint8Array[], expected: PeerExpectation): Peer | Reason {
  const [der] = found;
  if (!der) return "NO_CERTIFICATE";
  if (found.length > maximumChainLength) return "CERTIFICATE_UNTRUSTED";
  if (found.some(({ length }) => length > maximumCertificateBytes)) return "CERTIFICATE_MALFORMED";
  const certificate = readCertificate(der);
  if (!certificate) return "CERTIFICATE_MALFORMED";
  const { peer, now, revoked } = expected;
  const { trustDomain, caCertificates } = basisOf(certificate, expected);
  const id = checkCertificate(certificate, { peer, trustDomain, now });
  if (typeof id === "string") return id;
  let fault: Reason | undefined;
  const accept = (issuers: readonly Uint8Array[]): boolean => {
    const wrong = checkIssuers(issuers, trustDomain);
    fault ??= wrong;
    return wrong === undefined;
  };
  const chain = proveChain(found, { caCertificates, now, accept });
  if (!chain) return fault ?? "CERTIFICATE_UNTRUSTED";
  const known = trustDomain === expected.trustDomain ? id : federatedId(id);
  return revoked?.(id.uri, certificate) ?? { id: known, certificate, chain };
}

/** The trust domain that a leaf is verified by: a federated one where its SPIFFE ID is of that, otherwise the own. */
function basisOf({ uris }: Certificate, expected: PeerExpectation): DomainBasis {
  const [uri] = uris;
  const id = uris.length === 1 && uri !== undefined ? parseSpiffeId(uri) : undefined;
  if (!id || id.trustDomain === expected.trustDomain) return expected;
  const domain = expected.federated?.(id.uri);
  return domain?.trustDomain === id.trustDomain ? domain : expected;
}

/** A bot shows the same leaf on each of its connections. */
const parseLeaf = remember(parseCertificate);

function readCertificate(der: Uint8Array): Certificate | undefined {
  try {
    return parseLeaf(der);
  } catch {
    return undefined;
  }
}
