import type { Kysely } from "kysely";
import type { PageRequest } from "./page.js";
import type { RetiredMethodRow, Schema } from "./schema.js";

/** The methods that every server refuses. */
export interface RetiredMethods {
  /** Records a retired method, also one that was unretired before. */
  add(row: Omit<RetiredMethodRow, "unretiredAt">): Promise<void>;
  /** Records that the retirement of a method has ended. */
  end(method: string, ended: { readonly unretiredAt: number; readonly trustVersion: number }): Promise<void>;
  /** Lists the retirements in force by method. */
  list(): Promise<RetiredMethodRow[]>;
  /** Lists one page of the retirements in force; its key is the method. */
  page(request: PageRequest): Promise<RetiredMethodRow[]>;
  /** Returns the version of the trust of the latest change; 0 when there was none. */
  version(): Promise<number>;
}

/** Opens the retired methods in a database. */
export function createRetiredMethods(db: Kysely<Schema>): RetiredMethods {
  const inForce = () => db.selectFrom("retiredMethods").selectAll().where("unretiredAt", "is", null).orderBy("method");
  return {
    async add(row) {
      const { method: _, ...rest } = { ...row, unretiredAt: null };
      await db
        .insertInto("retiredMethods")
        .values({ ...row, unretiredAt: null })
        .onConflict((c) => c.column("method").doUpdateSet(rest))
        .execute();
    },
    async end(method, ended) {
      await db.updateTable("retiredMethods").set(ended).where("method", "=", method).execute();
    },
    list: () => inForce().execute(),
    page({ after, limit }) {
      const all = inForce().limit(limit);
      return (after ? all.where("method", ">", after[0] as string) : all).execute();
    },
    async version() {
      const row = await db
        .selectFrom("retiredMethods")
        .select((e) => e.fn.max("trustVersion").as("version"))
        .executeTakeFirst();
      return Number(row?.version ?? 0);
    },
  };
}
