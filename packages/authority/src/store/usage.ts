import { setImmediate as nextTurn } from "node:timers/promises";
import type { Kysely } from "kysely";
import type { Schema, UsageRow } from "./schema.js";

/** Who called what, and who was refused. */
export interface Usage {
  /**
   * Adds to the counts of one bot. Call it in a transaction. A bot has at most 10,000 rows, because strangers choose
   * the names they call; what comes after is counted under method "…", without a caller.
   */
  add(spiffeId: string, rows: readonly Omit<UsageRow, "spiffeId">[]): Promise<void>;
  /** The latest first, at most `limit`. */
  list(limit: number): Promise<UsageRow[]>;
}

/** How many rows are kept for one bot. */
export const maximumUsageRows = 10_000;

export function createUsage(db: Kysely<Schema>): Usage {
  async function update(row: UsageRow): Promise<boolean> {
    const result = await db
      .updateTable("usage")
      .set((e) => ({
        count: e("count", "+", row.count),
        lastAt: e.case().when("lastAt", "<", row.lastAt).then(row.lastAt).else(e.ref("lastAt")).end(),
      }))
      .where("spiffeId", "=", row.spiffeId)
      .where("method", "=", row.method)
      .where("caller", "=", row.caller)
      .where("denial", "=", row.denial)
      .executeTakeFirstOrThrow();
    return result.numUpdatedRows === 1n;
  }
  return {
    async add(spiffeId, rows) {
      const { kept } = await db
        .selectFrom("usage")
        .select((e) => e.fn.countAll<number>().as("kept"))
        .where("spiffeId", "=", spiffeId)
        .executeTakeFirstOrThrow();
      let free = maximumUsageRows - kept;
      for (const [i, given] of rows.entries()) {
        // SQLite answers at once, so a long report would keep everything else in this process waiting.
        if (i % 100 === 99) await nextTurn();
        const row = { ...given, spiffeId };
        if (await update(row)) continue;
        const bounded = free > 0 ? row : { ...row, method: "…", caller: "" };
        if (bounded !== row && (await update(bounded))) continue;
        await db.insertInto("usage").values(bounded).execute();
        free--;
      }
    },
    list: (limit) => db.selectFrom("usage").selectAll().orderBy("lastAt", "desc").limit(limit).execute(),
  };
}
