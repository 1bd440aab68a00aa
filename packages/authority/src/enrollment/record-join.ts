import type { Certificate } from "@interlock/bot";
import type { SpiffeId } from "@interlock/policy";
import type { Records } from "../store/store.js";
import { beginLineage, repeatLineage } from "./lineage.js";

/** A first certificate, and what it was given for. */
export interface FirstCertificate {
  readonly leaf: Certificate;
  /** The digest of its root. */
  readonly root: string;
  /** What admitted the bot, for the audit log. Never a secret. */
  readonly by: Readonly<Record<string, unknown>>;
  /** The generation of an earlier answer to the same request, which was lost. */
  readonly again?: number | undefined;
}

/** Records a bot that has joined, in the audit log, too. Returns the generation of its certificate. */
export async function recordJoin(
  records: Records,
  { name, uri }: SpiffeId,
  { leaf, root, by, again }: FirstCertificate,
  now: number,
): Promise<number> {
  const before = again === undefined ? undefined : await records.bots.find(name);
  await records.bots.joined({
    name,
    joinedAt: before?.joinedAt ?? now,
    certificateSerial: leaf.serial,
    certificateExpiresAt: leaf.notAfter,
  });
  const issued = { ...leaf, root };
  const generation =
    again === undefined
      ? await beginLineage(records, name, issued, now)
      : await repeatLineage(records, name, issued, again, now);
  const details = { serial: leaf.serial, generation, ...by, ...(again !== undefined && { again: true }) };
  await records.auditLog.append({ at: now, kind: "join", actor: uri, subject: uri, details });
  return generation;
}
