import { setImmediate as nextTurn } from "node:timers/promises";
import type { Kysely } from "kysely";
import type { PageRequest } from "./page.js";
import type { Schema, UsageRow } from "./schema.js";

/** The counts of calls and denials. */
export interface Usage {
  /**
   * Adds to the counts of one bot. Call it in a transaction. A bot has at most 10,000 rows, because unauthenticated
   * peers choose the method names. Further rows are counted under the method "…" without a caller.
   */
  add(spiffeId: string, rows: readonly Omit<UsageRow, "spiffeId">[]): Promise<void>;
  /** Deletes rows that were last used before a time, in milliseconds since the epoch. */
  prune(lastBefore: number): Promise<void>;
  /** Lists one page of the rows, the latest first; its key is `lastAt`, `spiffeId`, `method`, `caller`, `denial`. */
  page(request: PageRequest): Promise<UsageRow[]>;
}

/** The maximum number of rows for one bot. */
export const maximumUsageRows = 10_000;

const rowsInOneStatement = 100;

export function createUsage(db: Kysely<Schema>): Usage {
  async function count(spiffeId: string): Promise<number> {
    const { kept } = await db
      .selectFrom("usage")
      .select((e) => e.fn.countAll<number>().as("kept"))
      .where("spiffeId", "=", spiffeId)
      .executeTakeFirstOrThrow();
    return kept;
  }

  async function known(rows: readonly UsageRow[]): Promise<ReadonlySet<string>> {
    const found = await db
      .selectFrom("usage")
      .select(["spiffeId", "method", "caller", "denial"])
      .where((e) =>
        e.or(rows.map(({ spiffeId, method, caller, denial }) => e.and({ spiffeId, method, caller, denial }))),
      )
      .execute();
    return new Set(found.map(keyOf));
  }

  async function upsert(rows: readonly UsageRow[]): Promise<void> {
    await db
      .insertInto("usage")
      .values(rows)
      .onConflict((c) =>
        c.columns(["spiffeId", "method", "caller", "denial"]).doUpdateSet((e) => {
          const [held, given] = [e.ref("usage.lastAt"), e.ref("excluded.lastAt")];
          return {
            count: e("usage.count", "+", e.ref("excluded.count")),
            lastAt: e.case().when(held, "<", given).then(given).else(held).end(),
          };
        }),
      )
      .execute();
  }

  return {
    async add(spiffeId, rows) {
      if (rows.length === 0) return;
      let free = maximumUsageRows - (await count(spiffeId));
      const given = addedUp(rows.map((row) => ({ ...row, spiffeId })));
      for (let i = 0; i < given.length; i += rowsInOneStatement) {
        // SQLite runs synchronously, so a long report would block everything else in this process.
        await nextTurn();
        const batch = given.slice(i, i + rowsInOneStatement);
        const before = await known(batch);
        const bounded = batch.map((row) => {
          if (before.has(keyOf(row)) || free-- > 0) return row;
          return { ...row, method: "…", caller: "" };
        });
        await upsert(addedUp(bounded));
      }
    },
    async prune(lastBefore) {
      await db.deleteFrom("usage").where("lastAt", "<", lastBefore).execute();
    },
    page({ after, limit }) {
      const all = db
        .selectFrom("usage")
        .selectAll()
        .orderBy("lastAt", "desc")
        .orderBy("spiffeId", "desc")
        .orderBy("method", "desc")
        .orderBy("caller", "desc")
        .orderBy("denial", "desc")
        .limit(limit);
      if (!after) return all.execute();
      const key = after as [number, string, string, string, string];
      return all
        .where(({ eb, refTuple, tuple }) =>
          eb(refTuple("lastAt", "spiffeId", "method", "caller", "denial"), "<", tuple(...key)),
        )
        .execute();
    },
  };
}

/** Merges rows with the same key, because a statement may change a row only once. */
function addedUp(rows: readonly UsageRow[]): UsageRow[] {
  const sums = new Map<string, UsageRow>();
  for (const row of rows) {
    const { count = 0, lastAt = 0 } = sums.get(keyOf(row)) ?? {};
    sums.set(keyOf(row), { ...row, count: count + row.count, lastAt: Math.max(lastAt, row.lastAt) });
  }
  return [...sums.values()];
}

function keyOf({ method, caller, denial }: Pick<UsageRow, "method" | "caller" | "denial">): string {
  return JSON.stringify([method, caller, denial]);
}
