import type { Certificate } from "@interlock/bot";
import type { CertificateRow, LineageRow } from "../store/schema.js";
import type { Records } from "../store/store.js";

type CertificateRecords = Pick<Records, "certificates">;

/** An issued certificate and its root. */
export interface Issued extends Pick<Certificate, "serial" | "notAfter"> {
  readonly root: string;
}

/** The verdict on a renewal over a certificate. */
export type Descent = "ok" | "superseded" | "cloned";

/** The verdict on a use of a certificate that renews nothing. */
export type Use = "first" | "known" | "cloned";

/**
 * Decides on a renewal by the generation of the certificate over which it is requested. The rule: **once a certificate
 * has been used, no other certificate of its generation or of an earlier one can renew.** A request over such a
 * certificate comes from a copy of the bot's identity, or from the original after the copy has renewed.
 *
 * A lost answer is not a clone: the certificate in it was never used, so the previous one can renew again, any number
 * of times. `superseded` is a certificate from before the bot last joined: it is refused without an alarm.
 */
export function judgeDescent(lineage: LineageRow, certificate: CertificateRow | undefined): Descent {
  if (!certificate || certificate.generation < lineage.firstGeneration) return "superseded";
  const { seenGeneration, seenSerial } = lineage;
  if (seenGeneration > certificate.generation) return "cloned";
  if (seenGeneration === certificate.generation && seenSerial !== certificate.serial) return "cloned";
  return "ok";
}

/**
 * Decides on a use of a certificate that renews nothing, such as a request for a token. The rule: **once a certificate has
 * been used, no other one of its generation, and none from two or more generations before it, is in use by the bot.**
 *
 * The generation directly before the latest is not a clone's: connections from before a renewal make their last requests
 * over it, and another process of the bot that shares the folder keeps it until it takes the new one over, which is before
 * the next renewal. A certificate from before the bot last joined is not judged.
 */
export function judgeUse(lineage: LineageRow, { serial, generation }: CertificateRow): Use {
  const { firstGeneration, seenGeneration, seenSerial } = lineage;
  if (generation < firstGeneration) return "known";
  if (generation > seenGeneration) return "first";
  if (generation === seenGeneration) return serial === seenSerial ? "known" : "cloned";
  return generation === seenGeneration - 1 ? "known" : "cloned";
}

/** Records the certificate of a join. Returns its generation, which is above all earlier ones. */
export async function beginLineage(
  { certificates }: CertificateRecords,
  name: string,
  leaf: Issued,
  now: number,
): Promise<number> {
  const before = await certificates.lineage(name);
  const generation = (before?.lastGeneration ?? 0) + 1;
  const seen = { seenGeneration: before?.seenGeneration ?? 0, seenSerial: before?.seenSerial ?? "" };
  await certificates.saveLineage({ name, firstGeneration: generation, lastGeneration: generation, ...seen, adopts: 0 });
  await certificates.add(rowOf(leaf, name, generation, now));
  return generation;
}

/** Records another certificate of a join whose answer was lost. Returns its generation, that of the join. */
export async function repeatLineage(
  { certificates }: CertificateRecords,
  name: string,
  leaf: Issued,
  generation: number,
  now: number,
): Promise<number> {
  await certificates.add(rowOf(leaf, name, generation, now));
  return generation;
}

/** Records that `leaf` was issued over the judged certificate `parent`. Returns its generation. */
export async function continueLineage(
  { certificates }: CertificateRecords,
  lineage: LineageRow,
  parent: CertificateRow,
  leaf: Issued,
  now: number,
): Promise<number> {
  const { name } = lineage;
  const generation = parent.generation + 1;
  const lastGeneration = Math.max(lineage.lastGeneration, generation);
  const seen = { seenGeneration: parent.generation, seenSerial: parent.serial };
  await certificates.saveLineage({ ...lineage, ...seen, lastGeneration, adopts: 0 });
  await certificates.add(rowOf(leaf, name, generation, now));
  return generation;
}

/**
 * Accepts a certificate that is not on record as the bot's latest, after the store was restored to a time before its
 * issue. That happens once for each bot; a second such certificate is refused.
 */
export async function adopt(
  { certificates }: CertificateRecords,
  lineage: LineageRow,
  serial: string,
  now: number,
  expiresAt: number,
): Promise<{ lineage: LineageRow; certificate: CertificateRow }> {
  const generation = lineage.lastGeneration + 1;
  const certificate = { serial, name: lineage.name, generation, issuedAt: now, expiresAt, root: "" };
  await certificates.add(certificate);
  return { lineage: { ...lineage, lastGeneration: generation, adopts: 0 }, certificate };
}

/** Records the first use of a certificate. */
export async function markSeen(
  { certificates }: CertificateRecords,
  lineage: LineageRow,
  { serial, generation }: CertificateRow,
): Promise<void> {
  await certificates.saveLineage({ ...lineage, seenGeneration: generation, seenSerial: serial });
}

function rowOf({ serial, notAfter, root }: Issued, name: string, generation: number, now: number): CertificateRow {
  return { serial, name, generation, issuedAt: now, expiresAt: notAfter, root };
}
