import { isDeepStrictEqual } from "node:util";
import {
  federatedId,
  isFederatedPattern,
  isServiceName,
  isTrustDomain,
  matchesIdentity,
  parseSpiffeId,
} from "@interlock/policy";
import { sameBytes } from "../base/same-bytes.js";
import type { FederatedDomain as WireDomain } from "../gen/interlock/authority/v1/trust.js";
import { parseCertificate } from "../identity/certificate.js";

/** Another trust domain of which some identities are believed, for some services. */
export interface FederatedDomain {
  readonly trustDomain: string;
  /** Its CA certificates, DER. Each is believed for identities of this domain only. */
  readonly caCertificates: readonly Uint8Array[];
  /** The full names of the services that its bots may call, where the policy of the method names them too. */
  readonly services: readonly string[];
  /** Its bots that are believed: identity patterns with the domain, for example `spiffe://partner.example/orders/*`. */
  readonly identities: readonly string[];
  /** Since when it is federated, in milliseconds since the epoch: tokens that its bots got before are invalid. */
  readonly since: number;
}

/** How many trust domains can be federated at once. */
export const maximumFederatedDomains = 64;
/** How many CA certificates the bundle of one may have. */
export const maximumFederatedCas = 16;
/** How many services, and how many identity patterns, one may have. */
export const maximumFederatedNames = 64;
/**
 * The size of all their CA certificates together, in bytes: every update of the trust has them. Their names stand in every request for
 * a client's certificate, which has 64 KiB at most (RFC 8446, section 4.2.4; Go reads no longer message): otherwise a domain with long
 * names could end the handshakes of all.
 */
export const maximumFederatedBytes = 49_152;

/** The size of the names of all their services and identity patterns together, in bytes: every update and sign of life has them. */
export const maximumFederatedNameBytes = 65_536;

/** Finds the domain that a SPIFFE ID (a URI) is believed by; `undefined` for one of the own domain, and for a stranger. */
export type FindFederated = (uri: string) => FederatedDomain | undefined;

/** Indexes the federated domains by their names. What it has found is remembered for 1,000 identities. */
export function indexFederated(domains: readonly FederatedDomain[]): FindFederated {
  if (domains.length === 0) return () => undefined;
  const byName = new Map(domains.map((domain) => [domain.trustDomain, domain]));
  const found = new Map<string, FederatedDomain | undefined>();

  function find(uri: string): FederatedDomain | undefined {
    const id = parseSpiffeId(uri);
    const domain = id && byName.get(id.trustDomain);
    if (!id || !domain) return undefined;
    const { name } = federatedId(id);
    return domain.identities.some((pattern) => matchesIdentity(pattern, name)) ? domain : undefined;
  }

  return (uri) => {
    if (found.has(uri)) return found.get(uri);
    const domain = find(uri);
    if (found.size >= maximumRemembered) found.clear();
    found.set(uri, domain);
    return domain;
  };
}

const maximumRemembered = 1_000;

/**
 * Reads the federated domains of a trust update, or of a saved trust. A domain that is unsound in any part is left out as a whole,
 * so that it is refused: the rest of the trust is worth more than it.
 *
 * @param own - The fleet's own trust domain, which is never federated.
 */
export function readFederated(given: readonly FederatedDomain[], own: string): FederatedDomain[] {
  const seen = new Set([own]);
  let bytes = 0;
  return given.slice(0, maximumFederatedDomains).filter((domain) => {
    bytes += domain.caCertificates.reduce((sum, { length }) => sum + length, 0);
    if (bytes > maximumFederatedBytes || seen.has(domain.trustDomain) || !isSound(domain)) return false;
    seen.add(domain.trustDomain);
    return true;
  });
}

function isSound({ trustDomain, caCertificates, services, identities, since }: FederatedDomain): boolean {
  return (
    isTrustDomain(trustDomain) &&
    caCertificates.length <= maximumFederatedCas &&
    services.length <= maximumFederatedNames &&
    identities.length <= maximumFederatedNames &&
    services.every(isServiceName) &&
    identities.every((pattern) => isFederatedPattern(pattern, trustDomain)) &&
    Number.isFinite(since) &&
    caCertificates.every(isCertificate)
  );
}

function isCertificate(der: Uint8Array): boolean {
  try {
    parseCertificate(der);
    return true;
  } catch {
    return false;
  }
}

/** Converts a domain from its form on the wire. Without a time, no token of before is good. */
export function federatedFromWire({ since, ...domain }: WireDomain): FederatedDomain {
  return { ...domain, since: since?.getTime() ?? Number.NaN };
}

/** Whether two lists of domains say the same. */
export function sameFederated(a: readonly FederatedDomain[], b: readonly FederatedDomain[]): boolean {
  return a === b || (a.length === b.length && a.every((domain, i) => isSame(domain, b[i] as FederatedDomain)));
}

function isSame(a: FederatedDomain, b: FederatedDomain): boolean {
  return (
    a.trustDomain === b.trustDomain &&
    Object.is(a.since, b.since) &&
    isDeepStrictEqual([a.services, a.identities], [b.services, b.identities]) &&
    sameBytes(a.caCertificates, b.caCertificates)
  );
}
