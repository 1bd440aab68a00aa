import type { Fleet, UsageKey } from "../inputs/fleet.js";
import type { Period } from "../period.js";
import { dayText } from "../text.js";

/** The calls with one key within a period. */
export interface RecordedCalls extends Omit<UsageKey, "denial"> {
  /** How many; the first day of the period counts as a whole. */
  readonly count: number;
  /** On how many days, at least 1. */
  readonly days: number;
  /** The first call that is on record, which may lie before the period. */
  readonly firstAt: number;
  readonly lastAt: number;
}

/** Reasons of denials that say nothing about grants: the caller held what it needed, or would have got there. */
const otherReasons: ReadonlySet<string> = new Set([
  "METHOD_SUNSET",
  "RATE_LIMITED",
  "CALL_LIMIT",
  "ENCODING_REFUSED",
  "REQUEST_BYTES_LIMIT",
  "REQUEST_IN_PIECES",
  "REQUEST_TOO_LARGE",
  "REQUEST_TOO_SLOW",
  "TRUST_STALE",
]);

/** Calls by whether they lie within the period. */
export interface CallRecord {
  /** Admitted calls of the period. */
  readonly admitted: readonly RecordedCalls[];
  /** Calls of the period that were refused for a reason that says nothing about grants: too many, too large, past the sunset. */
  readonly attempted: readonly RecordedCalls[];
  /** Admitted calls whose last one lies before the period. */
  readonly earlier: readonly RecordedCalls[];
}

/** Sorts the usage of a fleet, which is read in one pass. */
export function recordedCalls({ usage, days }: Pick<Fleet, "usage" | "days">, { from, to }: Period): CallRecord {
  const firstDay = from === undefined ? "" : dayText(from);
  const counts = new Map<string, { count: number; days: number; day: string; key: UsageKey }>();
  for (const row of days) {
    if (row.day < firstDay) continue;
    const id = idOf(row);
    const known = counts.get(id);
    if (!known) counts.set(id, { count: row.count, days: 1, day: row.day, key: row });
    else {
      known.count += row.count;
      known.days++;
      if (row.day > known.day) known.day = row.day;
    }
  }
  const record = { admitted: [] as RecordedCalls[], attempted: [] as RecordedCalls[], earlier: [] as RecordedCalls[] };
  const add = (key: UsageKey, sum: { count: number; days: number }, firstAt: number, lastAt: number) => {
    const { bot, method, caller, actors, denial } = key;
    if (caller === "" || !method.includes("/")) return;
    const calls = { bot, method, caller, actors, count: sum.count, days: sum.days, firstAt, lastAt };
    if (denial !== "") {
      if (otherReasons.has(denial) && lastAt >= (from ?? 0)) record.attempted.push(calls);
    } else if (lastAt >= (from ?? 0)) record.admitted.push(calls);
    else record.earlier.push(calls);
  };
  for (const sum of usage) {
    const id = idOf(sum);
    add(sum, counts.get(id) ?? { count: sum.count, days: 1 }, sum.firstAt, sum.lastAt);
    counts.delete(id);
  }
  // Days whose sum is no longer on record: the last call was at some time of its day.
  for (const { count, days, day, key } of counts.values()) {
    const begin = Date.parse(`${day}T00:00:00Z`);
    add(key, { count, days }, begin, Math.min(to, begin + 86_399_999));
  }
  return record;
}

function idOf({ bot, method, caller, actors, denial }: UsageKey): string {
  return `${bot}\n${method}\n${caller}\n${denial}\n${actors.join(" ")}`;
}
