import { setImmediate as nextTurn } from "node:timers/promises";
import { otherMethods } from "@interlock/bot/internal";
import type { Kysely } from "kysely";
import type { PageRequest } from "./page.js";
import type { Schema, UsageRow } from "./schema.js";

/** Counted calls of one bot, before it is known whose they are. */
export type UsageCounts = Omit<UsageRow, "spiffeId">;

/** The counts of calls and denials. */
export interface Usage {
  /**
   * Adds to the counts of one bot. Call it in a transaction. A bot has at most 10,000 rows, because unauthenticated
   * peers choose the method names. Further rows are counted under the method "…" without a caller. At most 2,500 of them name callers of
   * other trust domains; further calls of those are counted without a caller, and denials under "…" as well. Resolves with the
   * rows as they were counted.
   */
  add(spiffeId: string, rows: readonly UsageCounts[]): Promise<readonly UsageCounts[]>;
  /** Deletes rows that were last used before a time, in milliseconds since the epoch. */
  prune(lastBefore: number): Promise<void>;
  /**
   * Lists one page of the rows. Its key is `spiffeId`, `method`, `caller`, `actors`, `denial`, which no call changes: so
   * pages that are read one after the other have every row.
   */
  page(request: PageRequest, selection: UsageSelection): Promise<UsageRow[]>;
}

/** Selects rows of usage. */
export interface UsageSelection {
  /** Only rows that were last used at this time or later, in milliseconds since the epoch; 0 for all. */
  readonly since: number;
  /** Whether only denials are listed. */
  readonly denied: boolean;
}

/** The maximum number of rows for one bot. */
export const maximumUsageRows = 10_000;

/**
 * The maximum number of them that name callers of other trust domains: a federated one names as many bots as it likes, and would leave no
 * rows for the own ones.
 */
export const maximumForeignRows = 2_500;

/** The maximum number of rows in one statement. SQLite runs synchronously, so a long one would block everything else. */
export const rowsInOneStatement = 100;

/** Opens the counts in a database. */
export function createUsage(db: Kysely<Schema>): Usage {
  async function count(spiffeId: string): Promise<number> {
    const { kept } = await db
      .selectFrom("usage")
      .select((e) => e.fn.countAll<number>().as("kept"))
      .where("spiffeId", "=", spiffeId)
      .executeTakeFirstOrThrow();
    return kept;
  }

  async function countForeign(spiffeId: string): Promise<number> {
    const { kept } = await db
      .selectFrom("usage")
      .select((e) => e.fn.countAll<number>().as("kept"))
      .where("spiffeId", "=", spiffeId)
      .where("caller", "!=", "")
      .where("caller", "not like", `${domainOf(spiffeId)}%`)
      .executeTakeFirstOrThrow();
    return kept;
  }

  async function known(rows: readonly UsageRow[]): Promise<ReadonlySet<string>> {
    const found = await db
      .selectFrom("usage")
      .select(["method", "caller", "actors", "denial"])
      .where((e) =>
        e.or(
          rows.map(({ spiffeId, method, caller, actors, denial }) =>
            e.and({ spiffeId, method, caller, actors, denial }),
          ),
        ),
      )
      .execute();
    return new Set(found.map(keyOf));
  }

  async function upsert(rows: readonly UsageRow[]): Promise<void> {
    await db
      .insertInto("usage")
      .values(rows)
      .onConflict((c) =>
        c.columns(["spiffeId", "method", "caller", "actors", "denial"]).doUpdateSet((e) => {
          const [first, givenFirst] = [e.ref("usage.firstAt"), e.ref("excluded.firstAt")];
          const [last, givenLast] = [e.ref("usage.lastAt"), e.ref("excluded.lastAt")];
          return {
            count: e("usage.count", "+", e.ref("excluded.count")),
            firstAt: e.case().when(first, ">", givenFirst).then(givenFirst).else(first).end(),
            lastAt: e.case().when(last, "<", givenLast).then(givenLast).else(last).end(),
          };
        }),
      )
      .execute();
  }

  return {
    async add(spiffeId, rows) {
      let free: number | undefined;
      let freeForeign: number | undefined;
      const over = new Set<string>();
      const nameless = new Set<string>();
      const isForeign = ({ caller }: UsageRow) => caller !== "" && !caller.startsWith(domainOf(spiffeId));
      function bounded(row: UsageCounts): UsageCounts {
        if (over.has(keyOf(row))) return { ...row, method: otherMethods, caller: "", actors: "" };
        if (!nameless.has(keyOf(row))) return row;
        // What was admitted is served, so such methods are few; callers choose the others.
        return { ...row, method: row.denial === "" ? row.method : otherMethods, caller: "", actors: "" };
      }
      const given = addedUp(rows.map((row) => ({ ...row, spiffeId })));
      for (let i = 0; i < given.length; i += rowsInOneStatement) {
        await nextTurn();
        const batch = given.slice(i, i + rowsInOneStatement);
        const before = await known(batch);
        for (const row of batch) {
          if (before.has(keyOf(row))) continue;
          if (isForeign(row)) {
            freeForeign ??= maximumForeignRows - (await countForeign(spiffeId));
            if (freeForeign-- <= 0) {
              nameless.add(keyOf(row));
              continue;
            }
          }
          free ??= maximumUsageRows - (await count(spiffeId));
          if (free-- <= 0) over.add(keyOf(row));
        }
        await upsert(addedUp(batch.map((row) => ({ ...row, ...bounded(row) }))));
      }
      return rows.map(bounded);
    },
    async prune(lastBefore) {
      await db.deleteFrom("usage").where("lastAt", "<", lastBefore).execute();
    },
    page({ after, limit }, { since, denied }) {
      let selected = db
        .selectFrom("usage")
        .selectAll()
        .where("lastAt", ">=", since)
        .orderBy("spiffeId")
        .orderBy("method")
        .orderBy("caller")
        .orderBy("actors")
        .orderBy("denial")
        .limit(limit);
      if (denied) selected = selected.where("denial", "!=", "");
      if (!after) return selected.execute();
      const key = after as [string, string, string, string, string];
      return selected
        .where(({ eb, refTuple, tuple }) =>
          eb(refTuple("spiffeId", "method", "caller", "actors", "denial"), ">", tuple(...key)),
        )
        .execute();
    },
  };
}

/** The beginning of the SPIFFE IDs of a bot's trust domain. */
function domainOf(spiffeId: string): string {
  return spiffeId.slice(0, spiffeId.indexOf("/", "spiffe://".length) + 1);
}

/** Merges rows with the same key, because a statement may change a row only once. */
function addedUp(rows: readonly UsageRow[]): UsageRow[] {
  const sums = new Map<string, UsageRow>();
  for (const row of rows) {
    const key = keyOf(row);
    const { count = 0, firstAt = row.firstAt, lastAt = 0 } = sums.get(key) ?? {};
    sums.set(key, {
      ...row,
      count: count + row.count,
      firstAt: Math.min(firstAt, row.firstAt),
      lastAt: Math.max(lastAt, row.lastAt),
    });
  }
  return [...sums.values()];
}

function keyOf({ method, caller, actors, denial }: Pick<UsageRow, "method" | "caller" | "actors" | "denial">): string {
  return JSON.stringify([method, caller, actors, denial]);
}
