import { createRateLimiter } from "@interlock/bot/internal";
import type { Rate } from "@interlock/policy";
import type { AuditEntry } from "@interlock/policy/audit-log";

/** Counted calls with the same method, caller and outcome. */
export interface DeniedCalls {
  readonly method: string;
  readonly caller: string;
  /** The reason; empty when admitted. */
  readonly denial: string;
  readonly count: number;
}

/** The audit entries for reported denials, bounded for each reporter. */
export interface DenialLog {
  /**
   * Returns the entry for the denials in a report; none without denials, and none where the reporter has had its entries
   * of this minute. Denials without an entry are in the usage, and the reporter's next entry has their number.
   */
  entries(reporter: string, rows: readonly DeniedCalls[], at: number): AuditEntry[];
}

/** How often denials of one reporter get an entry. Default: 12 at once, then one a minute. */
export const denialRate: Rate = { burst: 12, perSecond: 1 / 60 };

/** The maximum number of denials in one entry. */
const maximumListed = 50;

/** The maximum size of the denials in one entry, in bytes. */
const maximumListedBytes = 2_048;

/** The maximum number of reporters in memory. */
const maximumReporters = 10_000;

/** Creates the audit entries of denials. One reporter adds at most 3 MB a day to the audit log. */
export function createDenialLog(): DenialLog {
  const limiter = createRateLimiter(denialRate, maximumReporters);
  const withoutEntry = new Map<string, number>();

  function keep(reporter: string, count: number): void {
    if (withoutEntry.size >= maximumReporters && !withoutEntry.has(reporter)) withoutEntry.clear();
    withoutEntry.set(reporter, (withoutEntry.get(reporter) ?? 0) + count);
  }

  return {
    entries(reporter, rows, at) {
      const denied = rows.filter(({ denial }) => denial !== "").sort((a, b) => b.count - a.count);
      if (denied.length === 0) return [];
      const total = denied.reduce((sum, { count }) => sum + count, 0);
      if (limiter.take(reporter, at) > 0) {
        keep(reporter, total);
        return [];
      }
      const earlier = withoutEntry.get(reporter) ?? 0;
      withoutEntry.delete(reporter);
      const details = { total, kinds: denied.length, listed: listed(denied), ...(earlier > 0 && { earlier }) };
      return [{ at, kind: "denials", actor: reporter, subject: reporter, details }];
    },
  };
}

/** Lists the most frequent denials, at most 50 and at most 2 KiB. `denied` is in that order. */
function listed(denied: readonly DeniedCalls[]) {
  const rows = denied.slice(0, maximumListed).map(({ method, caller, denial, count }) => {
    return { method, caller, reason: denial, count };
  });
  let bytes = 0;
  const over = rows.findIndex((row) => {
    bytes += Buffer.byteLength(JSON.stringify(row));
    return bytes > maximumListedBytes;
  });
  return over < 0 ? rows : rows.slice(0, over);
}
