import type { Kysely } from "kysely";
import type { PageRequest } from "./page.js";
import type { AuditRunRow, Schema } from "./schema.js";

/** The maximum number of days on record: somewhat more than a year. */
export const maximumAuditRuns = 400;

/** A result of a daily audit, as it is stored. */
export type AuditRunResult = Pick<AuditRunRow, "findings" | "leftOut" | "counts" | "notJudged"> & {
  readonly at: number;
};

/** A day that has a result. */
export interface FinishedAuditRun extends AuditRunRow {
  at: number;
}

/** The results of daily audits. */
export interface AuditRuns {
  /**
   * Claims a day at `now`, unless it has a result or was claimed after `staleBefore`. Resolves with whether it was claimed.
   * Call it in a transaction.
   */
  claim(day: string, now: number, staleBefore: number): Promise<boolean>;
  /**
   * Stores the result of a day that was claimed at `claimedAt`, and deletes the oldest days beyond the bound. A claim that
   * another authority has taken over since changes nothing. Call it in a transaction.
   */
  finish(day: string, claimedAt: number, result: AuditRunResult): Promise<void>;
  /** Returns the counts of the latest result. */
  latest(): Promise<Pick<FinishedAuditRun, "day" | "at" | "counts"> | undefined>;
  /** Deletes days before `day`. */
  prune(day: string): Promise<void>;
  /**
   * Lists one page of the results, the oldest first: of judgments since `since`, and the last one before it. Its key is the
   * day.
   */
  page(request: PageRequest, since: number): Promise<FinishedAuditRun[]>;
}

/** Opens the results of daily audits in a database. `maximum` is the bound of the days. Default: 400. */
export function createAuditRuns(db: Kysely<Schema>, maximum = maximumAuditRuns): AuditRuns {
  const finished = () => db.selectFrom("auditRuns").where("at", "is not", null);

  return {
    async claim(day, now, staleBefore) {
      const claimed = await db
        .insertInto("auditRuns")
        .values({ day, claimedAt: now, at: null, findings: "", leftOut: 0, counts: "", notJudged: "" })
        .onConflict((c) =>
          c
            .column("day")
            .doUpdateSet({ claimedAt: now })
            .where("auditRuns.at", "is", null)
            .where("auditRuns.claimedAt", "<=", staleBefore),
        )
        .returning("day")
        .executeTakeFirst();
      return claimed !== undefined;
    },
    async finish(day, claimedAt, result) {
      await db
        .updateTable("auditRuns")
        .set(result)
        .where("day", "=", day)
        .where("claimedAt", "=", claimedAt)
        .where("at", "is", null)
        .execute();
      const oldest = db.selectFrom("auditRuns").select("day").orderBy("day", "desc").limit(maximum);
      await db.deleteFrom("auditRuns").where("day", "not in", oldest).execute();
    },
    latest() {
      return finished()
        .select(["day", "at", "counts"])
        .orderBy("day", "desc")
        .limit(1)
        .$narrowType<{ at: number }>()
        .executeTakeFirst();
    },
    async prune(day) {
      await db.deleteFrom("auditRuns").where("day", "<", day).execute();
    },
    async page({ after, limit }, since) {
      const before = await finished().select("day").where("at", "<=", since).orderBy("day", "desc").limit(1).execute();
      const from = before[0]?.day ?? "";
      const selected = finished().selectAll().where("day", ">=", from).orderBy("day").limit(limit);
      const page = after ? selected.where("day", ">", after[0] as string) : selected;
      return page.$narrowType<{ at: number }>().execute();
    },
  };
}
