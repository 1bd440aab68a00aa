import { readFile, stat } from "node:fs/promises";
import { maximumRecordBytes, RecordFault, type VerifiedRecord, verifyRecord } from "@interlock/audit";
import { InterlockError } from "@interlock/bot";
import { certificatesFromPem } from "@interlock/bot/internal";
import type { AuditRecord } from "@interlock/bot/protocol";
import type { Session } from "../operator.js";

/** How far back the log is searched: parts of 10,000 records. */
const maximumParts = 200;

/** How long after the end of a record its entry in the audit log may come, and before, in milliseconds. */
const toleranceMs = 5 * 60_000;

/** Reads and verifies a file with a signed record. Rejects with an error that says why it is not believed. */
export async function verifyFile(file: string, caCertificates: readonly Uint8Array[]): Promise<VerifiedRecord> {
  try {
    return await verifyRecord(await readText(file, maximumRecordBytes), caCertificates);
  } catch (thrown) {
    if (!(thrown instanceof RecordFault)) throw thrown;
    throw new InterlockError("DATA_LOSS", `${file} is not to be believed: ${thrown.message}`, { cause: thrown });
  }
}

/** Reads the CA certificates of a file in PEM. */
export async function readCa(file: string): Promise<readonly Uint8Array[]> {
  return certificatesFromPem(await readText(file, maximumRecordBytes));
}

/** What the audit log says of a record. */
export type LoggedRecord = { readonly seq: number; readonly at: number } | { readonly fault: string };

/** Looks a record up in the authority's audit log: its digest, by the same operator, at about the same time. */
export async function findLogged(
  { admin }: Pick<Session, "admin">,
  { record, sha256, signer }: VerifiedRecord,
): Promise<LoggedRecord> {
  let after = 0n;
  // Another operator may have entered the same digest: that takes nothing away from the signer's own entry.
  let other: LoggedRecord | undefined;
  for (let part = 0; part < maximumParts; part++) {
    const answer = await admin.listLog({ after, kinds: ["retirement"], latest: true });
    for (const found of answer.records.filter(({ details }) => digestIn(details) === sha256)) {
      const judged = judge(found, signer, record.endedAt);
      if (!("fault" in judged)) return judged;
      other ??= judged;
    }
    after = answer.lookedAt;
    if (after <= (answer.checkpoint?.seq ?? 0n) + 1n) break;
  }
  if (other) return other;
  return { fault: "The audit log does not have its digest: it was never recorded there, or has been pruned since." };
}

function judge({ seq, at, actor }: AuditRecord, signer: string, endedAt: number): LoggedRecord {
  if (actor !== signer) return { fault: `The audit log has its digest from ${actor}, and ${signer} signed it.` };
  if (Math.abs(Number(at) - endedAt) > toleranceMs) {
    return { fault: `The audit log has its digest of ${new Date(Number(at)).toISOString()}, which is not its time.` };
  }
  return { seq: Number(seq), at: Number(at) };
}

function digestIn(details: string): unknown {
  try {
    return JSON.parse(details).sha256;
  } catch {
    return undefined;
  }
}

async function readText(file: string, maximumBytes: number): Promise<string> {
  try {
    if ((await stat(file)).size > maximumBytes) throw new Error(`it is above ${maximumBytes} bytes`);
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new InterlockError("NOT_FOUND", `${file} cannot be read: ${(cause as Error).message}.`, { cause });
  }
}
