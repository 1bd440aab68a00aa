import { InterlockError } from "@interlock/bot";
import { denial, parseCertificate } from "@interlock/bot/internal";
import { backdateMs } from "../ca/certificate-template.js";
import { checkCsr } from "../ca/check-csr.js";
import { refuseRevoked } from "../revocations/refuse-revoked.js";
import type { CertificateRow, LineageRow } from "../store/schema.js";
import type { Records } from "../store/store.js";
import type { EnrollmentBasis, IssuedCertificate } from "./join.js";
import { adopt, continueLineage, judgeDescent } from "./lineage.js";
import { refuseRetired } from "./retire.js";
import { type CertificateHolder, cloneDetected, revokeClone } from "./revoke-clone.js";

/** How a renewal differs from the usual one. */
export interface RenewalVariant {
  /** The kind of the record in the audit log. */
  readonly kind: "renew" | "recover";
  /** When the bot's certificate was issued. Given where the record of a certificate may have been pruned. */
  readonly issuedAt?: number;
}

/**
 * Issues the next certificate for a bot's own identity. Rejects with `CSR_REJECTED`, `IDENTITY_REVOKED`, `BOT_RETIRED`,
 * `CERTIFICATE_SUPERSEDED`, or, when the bot is not on record, `FAILED_PRECONDITION`.
 *
 * Rejects with `CLONE_DETECTED` when two bots hold the identity; see `judgeDescent`. Then the bot is revoked, and the
 * trust hub has to be refreshed.
 */
export async function renew(
  { store, ca }: EnrollmentBasis,
  renewer: CertificateHolder,
  csr: Uint8Array,
  now: number,
  variant: RenewalVariant = { kind: "renew" },
): Promise<IssuedCertificate> {
  const { uri, name } = renewer.spiffeId;
  const key = await checkCsr(csr, uri);
  const { chain, root } = await ca.issueLeaf(uri, key, now);
  const leaf = parseCertificate(chain[0] as Uint8Array);
  const generation = await store.transaction(async (records) => {
    await refuseRevoked(records, renewer.spiffeId);
    await refuseRetired(records, name);
    const known = await descent(records, renewer, now, leaf.notAfter, variant);
    // The revocation has to stay, so the transaction must commit: it returns instead of throwing.
    if (!known) {
      await revokeClone(records, renewer, "a certificate that had been renewed before was renewed again", now);
      return "cloned";
    }
    await records.bots.renewed(name, { certificateSerial: leaf.serial, certificateExpiresAt: leaf.notAfter });
    const generation = await continueLineage(records, known.lineage, known.certificate, { ...leaf, root }, now);
    const details = { serial: leaf.serial, generation };
    await records.auditLog.append({ at: now, kind: variant.kind, actor: uri, subject: uri, details });
    return generation;
  });
  if (generation === "cloned") throw cloneDetected(renewer.spiffeId);
  return { chain, leaf, name, generation };
}

/**
 * Finds the certificate from which a renewal descends; `undefined` for the renewal of a clone.
 *
 * Pruning removes the records of expired certificates that can no longer renew, and only those; see `Certificates.prune`. So an
 * expired certificate that is not on record, and was issued after the bot last joined, is of an older generation.
 */
async function descent(
  records: Records,
  { spiffeId: { name }, certificate: { serial } }: CertificateHolder,
  now: number,
  expiresAt: number,
  { issuedAt }: RenewalVariant,
): Promise<{ lineage: LineageRow; certificate: CertificateRow } | undefined> {
  const lineage = await records.certificates.lineage(name);
  if (!lineage) {
    throw new InterlockError("FAILED_PRECONDITION", `"${name}" is not on record here: join with a new join token.`);
  }
  const found = await records.certificates.find(serial);
  const certificate = found?.name === name ? found : undefined;
  if (!found && lineage.adopts === 1) {
    // An earlier certificate was on record at the backup, or had been pruned: it is no later one, and maybe no clone's either.
    const later = issuedAt === undefined || (await isAfterLatest(records, name, issuedAt));
    if (later) return adopt(records, lineage, serial, now, expiresAt);
  } else if (!found && issuedAt !== undefined && (await isAfterJoin(records, name, issuedAt))) return undefined;
  const judged = judgeDescent(lineage, certificate);
  if (judged === "cloned") return undefined;
  if (judged === "ok" && certificate) return { lineage, certificate };
  const remedy = `give each instance its own name, or one shared stateDir; to let this one join again: "interlock invite ${name}"`;
  throw denial("CERTIFICATE_SUPERSEDED", remedy);
}

/** Whether a certificate was issued after its bot last joined; false when that is not certain. */
async function isAfterJoin({ bots }: Records, name: string, issuedAt: number): Promise<boolean> {
  const joinedAt = (await bots.find(name))?.joinedAt ?? issuedAt;
  return isCertainlyAfter(issuedAt, joinedAt);
}

/** Whether a certificate was issued after the latest one of its bot on record; false when that is not certain. */
async function isAfterLatest({ bots, certificates }: Records, name: string, issuedAt: number): Promise<boolean> {
  const bot = await bots.find(name);
  const latest = bot && (await certificates.find(bot.certificateSerial));
  return isCertainlyAfter(issuedAt, latest?.issuedAt ?? bot?.joinedAt ?? issuedAt);
}

function isCertainlyAfter(issuedAt: number, at: number): boolean {
  // Below an intermediate that was new, a certificate begins less than `backdateMs` before its issue.
  return issuedAt > at + backdateMs;
}
