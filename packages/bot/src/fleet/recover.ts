import type { Clock } from "../base/clock.js";
import { InterlockError } from "../base/error.js";
import { EnrollmentService } from "../gen/interlock/authority/v1/enrollment_service_interlock.js";
import { createIdentity, type Identity } from "../identity/identity.js";
import { createCsr, createKeyPair } from "../identity/key-pair.js";
import { proveRecovery } from "../identity/recovery-proof.js";
import { applyTrustUpdate } from "../trust/apply-update.js";
import type { TrustState } from "../trust/trust.js";
import type { Joined } from "./join.js";
import { authorityId, withAuthority } from "./with-authority.js";

const { beginRecovery, recover: recoverMethod } = EnrollmentService.methods;

/** The length of a challenge, in bytes. */
const challengeLength = 32;

/**
 * Exchanges an identity whose certificate has expired for the next one, with a new key. The authority is verified below the roots
 * that the bot knows, and gets a proof of the old key that is worth nothing on another connection. Rejects with
 * `AUTHORITY_UNREACHABLE`, the reason for which the authority is refused, or that for which it refuses.
 */
export async function recover(
  authority: string,
  { spiffeId, privateKey, chain }: Identity,
  { caCertificates, trustDomain }: Pick<TrustState, "caCertificates" | "trustDomain">,
  clock: Clock,
): Promise<Joined> {
  const keys = await createKeyPair();
  const csr = await createCsr(keys, spiffeId.uri);
  const leaf = chain[0] as Uint8Array;
  const basis = { roots: caCertificates, trustDomain, clock };
  const { certificate, trust } = await withAuthority(authority, basis, async (call) => {
    const { challenge } = await call(beginRecovery, {});
    if (challenge.length !== challengeLength) throw unusable();
    const proof = proveRecovery({ challenge, leaf, csr, authority: authorityId(trustDomain) }, privateKey);
    return call(recoverMethod, { chain: [...chain], csr, proof });
  });
  const identity = createIdentity(keys.privateKeyPem, certificate?.chain ?? []);
  if (identity.spiffeId.uri !== spiffeId.uri || !trust) throw unusable();
  return { identity, trust: applyTrustUpdate(undefined, trust) };
}

function unusable(): InterlockError {
  return new InterlockError("INTERNAL", "The authority's answer to a recovery cannot be used: look at its version.");
}
