import type { RetireSubject } from "@interlock/audit";
import type { Session } from "../operator.js";

/** How far back the log is searched: parts of 10,000 records. */
const maximumParts = 10;

/** What the audit log has of a retirement. */
export interface LoggedRetirement {
  readonly addresses: readonly string[];
  /** The steps that were open. */
  readonly open: readonly string[];
}

/** Finds the latest retirement of a subject on record; `undefined` when there is none in the last 100,000 records. */
export async function lastRetirement(
  { admin }: Pick<Session, "admin">,
  { kind, name }: RetireSubject,
): Promise<LoggedRetirement | undefined> {
  let after = 0n;
  for (let part = 0; part < maximumParts; part++) {
    const answer = await admin.listLog({ after, kinds: ["retirement"], latest: true });
    for (const { subject, details } of answer.records.reverse()) {
      const logged = read(details);
      if (subject === name && logged.kind === kind) return { addresses: [], open: [], ...logged };
    }
    after = answer.lookedAt;
    if (after <= (answer.checkpoint?.seq ?? 0n) + 1n) break;
  }
  return undefined;
}

function read(details: string): Partial<LoggedRetirement> & { readonly kind?: string } {
  try {
    return JSON.parse(details);
  } catch {
    return {};
  }
}
