import type { AuditEntry } from "@interlock/policy/audit-log";

/** Counted calls with the same method, caller and outcome. */
export interface DeniedCalls {
  readonly method: string;
  readonly caller: string;
  /** The reason; empty when admitted. */
  readonly denial: string;
  readonly count: number;
}

const maximumListed = 50;

/** Returns the audit entry for the denials in a report, or none without denials. It lists the 50 most frequent ones. */
export function denialBatch(reporter: string, rows: readonly DeniedCalls[], at: number): AuditEntry[] {
  const denied = rows.filter(({ denial }) => denial !== "").sort((a, b) => b.count - a.count);
  if (denied.length === 0) return [];
  const listed = denied.slice(0, maximumListed).map(({ method, caller, denial, count }) => {
    return { method, caller, reason: denial, count };
  });
  const total = denied.reduce((sum, { count }) => sum + count, 0);
  return [
    { at, kind: "denials", actor: reporter, subject: reporter, details: { total, kinds: denied.length, listed } },
  ];
}
