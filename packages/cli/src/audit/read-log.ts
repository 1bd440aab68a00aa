import type { AuditRecord } from "@interlock/policy/audit-log";
import type { FleetSource } from "./fleet-source.js";

/** The kinds of records that rules judge by. */
const kinds = ["clone", "join", "retire", "unrevoke"];

/** The maximum number of records that are read, the latest. */
const maximumRecords = 100_000;

/** Reads what the audit log has about identities since a time, in its order: the latest 100,000 records at most. */
export async function readLog({ listLog }: FleetSource["admin"], since: Date): Promise<AuditRecord[]> {
  const parts: AuditRecord[][] = [];
  let count = 0;
  for (let after = 0n; ; ) {
    const answer = await listLog({ after, limit: 500, kinds, since, latest: true });
    parts.push(answer.records.map((record) => ({ ...record, seq: Number(record.seq), at: Number(record.at) })));
    count += answer.records.length;
    after = answer.lookedAt;
    if (count >= maximumRecords || after <= (answer.checkpoint?.seq ?? 0n) + 1n) return parts.reverse().flat();
  }
}
