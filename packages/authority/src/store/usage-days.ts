import { setImmediate as nextTurn } from "node:timers/promises";
import { type Kysely, type RawBuilder, sql } from "kysely";
import type { PageRequest } from "./page.js";
import type { Schema, UsageDayRow } from "./schema.js";
import { rowsInOneStatement, type UsageCounts } from "./usage.js";

/** The counts of calls and denials by day. */
export interface UsageDays {
  /**
   * Adds counts of one bot to the days of their `lastAt`. Call it in a transaction, with rows as {@link Usage.add} resolved
   * with them: their number is bounded for each day. A bot has at most 100,000 rows in all: for another one its oldest day
   * is deleted, so the days on record are complete.
   */
  add(spiffeId: string, rows: readonly UsageCounts[]): Promise<void>;
  /** Deletes rows of days before `day`, at most `limit`, the oldest first. */
  prune(day: string, limit: number): Promise<void>;
  /** Lists one page of the rows. Its key is `day`, `spiffeId`, `method`, `caller`, `actors`, `denial`. */
  page(request: PageRequest, selection: UsageDaysSelection): Promise<UsageDayRow[]>;
}

/** Selects rows of usage by day. */
export interface UsageDaysSelection {
  /** Only this day, `YYYY-MM-DD`, and later ones; empty for all. */
  readonly since: string;
  /** Only this day, `YYYY-MM-DD`, and earlier ones; empty for all. */
  readonly until: string;
  /** Whether only denials are listed. */
  readonly denied: boolean;
}

/** The maximum number of rows for one bot, over all days. */
export const maximumUsageDayRows = 100_000;

/** Returns the day of a time in milliseconds since the epoch, `YYYY-MM-DD` in UTC. */
export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

const key = ["day", "spiffeId", "method", "caller", "actors", "denial"] as const;

const columns = sql`(${sql.join(key.map((name) => sql.ref(name)))})`;

function tuple(values: readonly (string | number)[]): RawBuilder<unknown> {
  return sql`(${sql.join(values)})`;
}

/** Opens the counts by day in a database. `maximum` is the bound of the rows for one bot. Default: 100,000. */
export function createUsageDays(db: Kysely<Schema>, maximum = maximumUsageDayRows): UsageDays {
  async function count(spiffeId: string): Promise<number> {
    const { kept } = await db
      .selectFrom("usageDays")
      .select((e) => e.fn.countAll<number>().as("kept"))
      .where("spiffeId", "=", spiffeId)
      .executeTakeFirstOrThrow();
    return kept;
  }

  /** Adds rows of different keys. Resolves with whether one of them was not on record. */
  async function upsert(rows: readonly UsageDayRow[]): Promise<boolean> {
    const counts = new Map(rows.map((row) => [keyOf(row), row.count]));
    const kept = await db
      .insertInto("usageDays")
      .values(rows)
      .onConflict((c) =>
        c.columns([...key]).doUpdateSet((e) => ({ count: e("usageDays.count", "+", e.ref("excluded.count")) })),
      )
      .returning([...key, "count"])
      .execute();
    // What was on record had been counted at least once, so its sum is greater.
    return kept.some((row) => row.count === counts.get(keyOf(row)));
  }

  /** Deletes whole days of a bot until its rows are within the bound; never the only one. */
  async function trim(spiffeId: string): Promise<void> {
    for (let over = (await count(spiffeId)) - maximum; over > 0; ) {
      const days = await db
        .selectFrom("usageDays")
        .select("day")
        .distinct()
        .where("spiffeId", "=", spiffeId)
        .orderBy("day")
        .limit(2)
        .execute();
      const [oldest, next] = days;
      if (!oldest || !next) return;
      const deletion = db.deleteFrom("usageDays").where("spiffeId", "=", spiffeId).where("day", "=", oldest.day);
      over -= Number((await deletion.executeTakeFirst()).numDeletedRows);
    }
  }

  return {
    async add(spiffeId, rows) {
      const given = addedUp(spiffeId, rows);
      let grown = false;
      for (let i = 0; i < given.length; i += rowsInOneStatement) {
        await nextTurn();
        if (await upsert(given.slice(i, i + rowsInOneStatement))) grown = true;
      }
      if (grown) await trim(spiffeId);
    },
    async prune(day, limit) {
      let old = db.selectFrom("usageDays").select(key).where("day", "<", day).limit(limit);
      for (const column of key) old = old.orderBy(column);
      const last = (await old.execute()).at(-1);
      if (!last) return;
      await db
        .deleteFrom("usageDays")
        .where(sql<boolean>`${columns} <= ${tuple(valuesOf(last))}`)
        .execute();
    },
    page({ after, limit }, { since, until, denied }) {
      let selected = db.selectFrom("usageDays").selectAll().where("day", ">=", since).limit(limit);
      for (const column of key) selected = selected.orderBy(column);
      if (until !== "") selected = selected.where("day", "<=", until);
      if (denied) selected = selected.where("denial", "!=", "");
      if (after) selected = selected.where(sql<boolean>`${columns} > ${tuple(after)}`);
      return selected.execute();
    },
  };
}

/** Merges rows with the same key, because a statement may change a row only once. */
function addedUp(spiffeId: string, rows: readonly UsageCounts[]): UsageDayRow[] {
  const sums = new Map<string, UsageDayRow>();
  for (const { lastAt, method, caller, actors, denial, count } of rows) {
    const row = { day: dayOf(lastAt), spiffeId, method, caller, actors, denial, count };
    sums.set(keyOf(row), { ...row, count: (sums.get(keyOf(row))?.count ?? 0) + count });
  }
  return [...sums.values()];
}

function valuesOf({ day, spiffeId, method, caller, actors, denial }: Omit<UsageDayRow, "count">) {
  return [day, spiffeId, method, caller, actors, denial] as const;
}

function keyOf(row: Omit<UsageDayRow, "count">): string {
  return JSON.stringify(valuesOf(row));
}
