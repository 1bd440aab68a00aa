import type { Clock } from "../base/clock.js";
import type { FederatedDomain } from "../trust/federated-domain.js";
import type { Revocation } from "../trust/revocation.js";
import { createTrust, type Trust, type TrustState } from "../trust/trust.js";
import { withoutTrust } from "../trust/without-trust.js";
import { authorityId } from "./with-authority.js";

/** A trust for calls to another trust domain. */
export interface FederatedTrust extends Trust {
  /** The relation to the domain; `undefined` while it is not federated. */
  readonly domain: FederatedDomain | undefined;
  /** Stops following the trust that it stands on. */
  close(): void;
}

/**
 * Creates the trust by which servers of a federated trust domain are verified: its CA certificates alone, and of its bots those
 * that the relation names, besides its authority, which is called for tokens. It follows `base`, and is empty while the domain is
 * not federated, so every server is refused then.
 */
export function createFederatedTrust(base: Trust, trustDomain: string, clock: Clock): FederatedTrust {
  const authority = authorityId(trustDomain);
  const find = () => base.state.federated?.find((domain) => domain.trustDomain === trustDomain);

  function stateNow(): TrustState {
    return {
      ...withoutTrust(trustDomain),
      version: base.state.version,
      caCertificates: find()?.caCertificates ?? [],
      revocations: base.state.revocations.flatMap((revocation) => seenFrom(revocation, trustDomain)),
    };
  }

  const trust = createTrust(stateNow(), clock);
  const unsubscribe = base.onChange(() => trust.replace(stateNow()));
  return {
    get state() {
      return trust.state;
    },
    get heardAt() {
      return base.heardAt;
    },
    get domain() {
      return find();
    },
    peerRevoked(spiffeId, certificate) {
      if (spiffeId !== authority) return base.peerRevoked(spiffeId, certificate);
      return trust.peerRevoked(spiffeId, certificate) ?? (find() ? undefined : "IDENTITY_REVOKED");
    },
    identityRevoked: trust.identityRevoked,
    federatedDomain: () => undefined,
    tokenRevoked: trust.tokenRevoked,
    tokenOutdated: trust.tokenOutdated,
    methodRetired: trust.methodRetired,
    refetch: base.refetch,
    isStale: base.isStale,
    onStaleness: base.onStaleness,
    onChange: trust.onChange,
    close: unsubscribe,
  };
}

/**
 * A revocation of the own fleet, as far as it concerns bots of the other domain. Patterns without a domain do not, nor the serial numbers
 * of the own CA.
 */
function seenFrom(revocation: Revocation, trustDomain: string): Revocation[] {
  if (revocation.kind === "certificate") return [];
  if (revocation.kind !== "pattern") return [revocation];
  const prefix = `spiffe://${trustDomain}/`;
  const { subject } = revocation;
  return subject.startsWith(prefix) ? [{ ...revocation, subject: subject.slice(prefix.length) }] : [];
}
