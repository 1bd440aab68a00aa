import type { Kysely } from "kysely";
import type { Schema, WorkloadRow } from "./schema.js";

/** The workloads that have joined: one record for each pod. */
export interface Workloads {
  /** Finds a workload by the key of its pod. */
  find(pod: string): Promise<WorkloadRow | undefined>;
  /** Finds the workload that holds a name. */
  holder(name: string): Promise<WorkloadRow | undefined>;
  /** Records a workload that has joined, or joined again. The earlier holder of its name is superseded. */
  joined(workload: Omit<WorkloadRow, "supersededAt">): Promise<void>;
  /** Records that a bot that is no workload has taken a name. */
  superseded(name: string, now: number): Promise<void>;
  /**
   * Deletes records of workloads that were superseded before a time, and of those that joined before `joinedBefore` and whose bot
   * is not on record any more; in milliseconds since the epoch, and at most `limit`. A superseded pod may live on, and gets new
   * tokens then, so its record has to last.
   */
  prune(ended: {
    readonly supersededBefore: number;
    readonly joinedBefore: number;
    readonly limit: number;
  }): Promise<void>;
}

/** Opens the records of workloads in a database. */
export function createWorkloads(db: Kysely<Schema>): Workloads {
  const supersede = (name: string, now: number) =>
    db.updateTable("workloads").set({ supersededAt: now }).where("name", "=", name).where("supersededAt", "is", null);

  return {
    find: (pod) => db.selectFrom("workloads").selectAll().where("pod", "=", pod).executeTakeFirst(),
    holder: (name) =>
      db
        .selectFrom("workloads")
        .selectAll()
        .where("name", "=", name)
        .where("supersededAt", "is", null)
        .executeTakeFirst(),
    async joined(workload) {
      const { pod: _, ...rest } = workload;
      await supersede(workload.name, workload.joinedAt).where("pod", "!=", workload.pod).execute();
      await db
        .insertInto("workloads")
        .values({ ...workload, supersededAt: null })
        .onConflict((c) => c.column("pod").doUpdateSet(rest))
        .execute();
    },
    async superseded(name, now) {
      await supersede(name, now).execute();
    },
    async prune({ supersededBefore, joinedBefore, limit }) {
      const old = await db
        .selectFrom("workloads")
        .select("pod")
        .where((e) =>
          e.or([
            e("supersededAt", "<", supersededBefore),
            e.and([
              e("joinedAt", "<", joinedBefore),
              e.not(e.exists(e.selectFrom("bots").select("bots.name").whereRef("bots.name", "=", "workloads.name"))),
            ]),
          ]),
        )
        .limit(limit)
        .execute();
      const pods = old.map(({ pod }) => pod);
      if (pods.length > 0) await db.deleteFrom("workloads").where("pod", "in", pods).execute();
    },
  };
}
