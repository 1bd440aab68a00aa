import type { Certificate } from "@interlock/bot";
import type { CertificateRow, LineageRow } from "../store/schema.js";
import type { Records } from "../store/store.js";

type CertificateRecords = Pick<Records, "certificates">;

/** A certificate as it was issued, and the root that it leads to. */
export interface Issued extends Pick<Certificate, "serial" | "notAfter"> {
  readonly root: string;
}

/** What a renewal over a certificate means. */
export type Descent = "ok" | "superseded" | "cloned";

/**
 * Decides on a renewal, by the generation of the certificate over which it is asked for. The rule: **once a certificate
 * has been seen in use, no other one of its generation or of an earlier one renews.** Whoever asks with such a one has
 * a copy of the bot's identity, or the bot itself has become the copy.
 *
 * An answer that was lost is no clone's doing: nobody has used the certificate in it, so the one before renews again,
 * as often as it takes. `superseded` is a certificate from before the bot last joined: refused, and no alarm.
 */
export function judgeDescent(lineage: LineageRow, certificate: CertificateRow | undefined): Descent {
  if (!certificate || certificate.generation < lineage.firstGeneration) return "superseded";
  const { seenGeneration, seenSerial } = lineage;
  if (seenGeneration > certificate.generation) return "cloned";
  if (seenGeneration === certificate.generation && seenSerial !== certificate.serial) return "cloned";
  return "ok";
}

/** Records the certificate with which a bot joins: a generation after all there were. Gives the generation. */
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

/** Records that `leaf` was issued over the certificate `parent`, which has been judged. Gives the generation. */
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
 * Takes a certificate that is not on record for the bot's latest, where the store was restored from before it was issued.
 * That is done once for each bot; a second such certificate is refused.
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

/** Records that a certificate has been used. */
export async function markSeen({ certificates }: CertificateRecords, serial: string): Promise<void> {
  const certificate = await certificates.find(serial);
  const lineage = certificate && (await certificates.lineage(certificate.name));
  if (!lineage || lineage.seenGeneration >= certificate.generation) return;
  await certificates.saveLineage({ ...lineage, seenGeneration: certificate.generation, seenSerial: serial });
}

function rowOf({ serial, notAfter, root }: Issued, name: string, generation: number, now: number): CertificateRow {
  return { serial, name, generation, issuedAt: now, expiresAt: notAfter, root };
}
