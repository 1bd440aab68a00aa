import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { digestOf, type RetirementRecord, signRecord } from "@interlock/audit";
import { writePrivateFile } from "@interlock/bot/internal";
import type { Session } from "../operator.js";
import { stateRoot } from "../state-root.js";

/** The maximum number of addresses that the authority puts into its audit log. */
const maximumLogged = 64;

/** Where a signed record is. */
export interface KeptRecord {
  readonly file: string;
  /** The digest by which the authority knows it. */
  readonly sha256: string;
  /** The number of its entry in the audit log. */
  readonly seq: number;
}

/**
 * Signs a record with the operator's key, writes it to a file, and has the authority put its digest into the audit log. The
 * file is written first: the entry without it would prove nothing.
 */
export async function keepRecord(
  { admin, bot }: Session,
  record: RetirementRecord,
  path?: string,
): Promise<KeptRecord> {
  const { kind, name } = record.subject;
  const signed = await signRecord(record, bot.identity.current());
  const time = new Date(record.startedAt).toISOString().replace(/[:.]/g, "-");
  const file = path ?? join(stateRoot, "retirements", `${kind}-${name.replaceAll("/", "-")}-${time}.json`);
  await mkdir(dirname(file), { recursive: true });
  await writePrivateFile(file, `${JSON.stringify(signed, undefined, 2)}\n`);
  const sha256 = digestOf(signed);
  const open = record.steps.filter(({ state }) => state === "open").map(({ id }) => id);
  const addresses = record.before.scan.slice(0, maximumLogged).map(({ address }) => address);
  const { seq } = await admin.recordRetirement({ kind, name, sha256, open, addresses });
  return { file, sha256, seq: Number(seq) };
}
