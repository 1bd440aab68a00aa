import { InterlockError, parseCertificate } from "@interlock/bot";
import type { SpiffeId } from "@interlock/policy";
import { checkCsr } from "../ca/check-csr.js";
import { refuseLocked } from "../revocations/refuse-locked.js";
import type { EnrollmentBasis, IssuedCertificate } from "./join.js";

/**
 * Gives a bot the next certificate for its own identity. Rejects with `CSR_REJECTED`, `IDENTITY_REVOKED`, or, when the
 * bot is not on record, `FAILED_PRECONDITION`.
 */
export async function renew(
  { store, ca }: EnrollmentBasis,
  id: SpiffeId,
  csr: Uint8Array,
  now: number,
): Promise<IssuedCertificate> {
  const { uri, name } = id;
  const key = await checkCsr(csr, uri);
  const chain = await ca.issueLeaf(uri, key, now);
  const leaf = parseCertificate(chain[0] as Uint8Array);
  await store.transaction(async (records) => {
    await refuseLocked(records, id);
    const certificate = { certificateSerial: leaf.serial, certificateExpiresAt: leaf.notAfter };
    if (!(await records.bots.renewed(name, certificate))) {
      throw new InterlockError("FAILED_PRECONDITION", `"${name}" is not on record here: join with a new join token.`);
    }
  });
  return { chain, leaf, name };
}
