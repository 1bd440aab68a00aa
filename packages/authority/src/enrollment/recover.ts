import type { Certificate } from "@interlock/bot";
import { denial, isRecoveryProved, type Peer, parseCertificate, verifyPeer } from "@interlock/bot/internal";
import { spiffeId } from "@interlock/policy";
import { backdateMs } from "../ca/certificate-template.js";
import { authorityName } from "../names.js";
import type { TrustHub } from "../trust-hub/trust-hub.js";
import type { EnrollmentBasis, IssuedCertificate } from "./join.js";
import { renew } from "./renew.js";
import type { CertificateHolder } from "./revoke-clone.js";

/** What a recovery works with. */
export interface RecoveryBasis extends EnrollmentBasis {
  readonly hub: Pick<TrustHub, "trust">;
}

/** The request of a bot whose certificate has expired. */
export interface RecoveryAttempt {
  /** The expired certificate and its intermediates, DER, the leaf first. */
  readonly chain: readonly Uint8Array[];
  readonly csr: Uint8Array;
  /** See `RecoverRequest.proof`. */
  readonly proof: Uint8Array;
  /** The unused challenge of the connection; absent when there is none. */
  readonly challenge: Uint8Array | undefined;
}

/** The bot that recovers, once its expired certificate and the proof of its key have been verified. */
export interface Recovering extends CertificateHolder {
  readonly certificate: Certificate;
}

/**
 * Verifies a bot whose certificate has expired: the window, the chain as of the last moment of the certificate, by the recipe for
 * every peer and the roots that are trusted now, and the proof of its key. A certificate that is still valid is accepted as well,
 * because the bot's clock may be ahead.
 *
 * Throws `CERTIFICATE_…`, `TRUST_DOMAIN_MISMATCH`, `IDENTITY_REVOKED` or `KEY_NOT_PROVED`, with the remedy.
 */
export function verifyRecovering(
  { hub: { trust }, trustDomain, renewAfterExpiryMs }: RecoveryBasis,
  { chain, csr, proof, challenge }: RecoveryAttempt,
  now: number,
): Recovering {
  if (!challenge) throw denial("KEY_NOT_PROVED", "ask for a challenge on this connection first, and use it once");
  const [leaf] = chain;
  if (!leaf) throw denial("NO_CERTIFICATE", "send the expired certificate");
  const { id, certificate } = verifyAtItsEnd(chain, leaf, now);
  refuseLate(certificate, id.name);
  const authority = spiffeId(trustDomain, authorityName).uri;
  if (!isRecoveryProved({ challenge, leaf, csr, authority }, proof)) {
    throw denial(
      "KEY_NOT_PROVED",
      `sign this request with the key of the expired certificate; or ${remedyFor(id.name)}`,
    );
  }
  return { spiffeId: id, certificate };

  function verifyAtItsEnd(found: readonly Uint8Array[], der: Uint8Array, at: number): Peer {
    const { caCertificates } = trust.state;
    const end = endOf(der);
    const asOf = end === undefined ? at : Math.min(at, end - 1);
    const peer = verifyPeer(found, {
      peer: "client",
      trustDomain,
      now: asOf,
      caCertificates,
      revoked: trust.peerRevoked,
    });
    if (typeof peer !== "string") return peer;
    throw denial(peer, remedyFor("<name>"));
  }

  function refuseLate({ notAfter }: Certificate, name: string): void {
    if (now < notAfter + renewAfterExpiryMs || now < notAfter) return;
    const end = `it expired at ${new Date(notAfter).toISOString()}`;
    const window =
      renewAfterExpiryMs === 0
        ? "this authority renews no expired certificates"
        : `can be renewed for ${Math.round(renewAfterExpiryMs / 360_000) / 10} hours after that`;
    throw denial("CERTIFICATE_EXPIRED", `${end}, and ${window}: ${remedyFor(name)}`);
  }
}

/**
 * Issues the next certificate of a verified bot. The rules of `renew` apply, that of lineages among them: a copy with an older
 * generation is a clone. It rejects as `renew` does.
 */
export function recover(
  basis: RecoveryBasis,
  recovering: Recovering,
  csr: Uint8Array,
  now: number,
): Promise<IssuedCertificate> {
  // A certificate begins that long before its issue.
  const issuedAt = recovering.certificate.notBefore + backdateMs;
  return renew(basis, recovering, csr, now, { kind: "recover", issuedAt });
}

/** The remedy for a bot that cannot come back by itself. */
function remedyFor(name: string): string {
  return `ask an operator for "interlock invite ${name}"`;
}

function endOf(der: Uint8Array): number | undefined {
  try {
    return parseCertificate(der).notAfter;
  } catch {
    return undefined; // It is refused as malformed.
  }
}
