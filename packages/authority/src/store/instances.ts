import type { Kysely } from "kysely";
import type { PageRequest } from "./page.js";
import type { InstanceRow, Schema } from "./schema.js";

/** The maximum number of processes of one bot on record. The one that was seen first makes place for another. */
export const maximumKnownInstances = 16;

/** The processes of bots. */
export interface Instances {
  /** Records a sign of life of a process. Call it in a transaction. Resolves with whether a manifest lost its last one. */
  seen(row: InstanceRow): Promise<boolean>;
  /** Deletes the processes of a bot. */
  forget(spiffeId: string): Promise<void>;
  /**
   * Deletes processes that were last seen before `before`, and of each bot those last seen before `supersededBefore`
   * after which it has had another one; in milliseconds since the epoch, and at most `limit`. Call it in a
   * transaction.
   */
  prune(before: number, supersededBefore: number, limit: number): Promise<void>;
  /** Lists one page of the processes; its key is `spiffeId`, `instance`. */
  page(request: PageRequest): Promise<InstanceRow[]>;
}

/** Opens the processes of bots in a database. */
export function createInstances(db: Kysely<Schema>): Instances {
  async function remove(spiffeId: string, instances: readonly string[]): Promise<void> {
    if (instances.length === 0) return;
    await db.deleteFrom("instances").where("spiffeId", "=", spiffeId).where("instance", "in", instances).execute();
  }

  return {
    async seen(row) {
      const { spiffeId, instance, ...state } = row;
      const others = await db
        .selectFrom("instances")
        .select(["instance", "manifestHash"])
        .where("spiffeId", "=", spiffeId)
        .orderBy("seenAt", "desc")
        .orderBy("instance")
        .execute();
      const own = others.find((other) => other.instance === instance);
      const over = others.filter((other) => other !== own).slice(maximumKnownInstances - 1);
      await remove(
        spiffeId,
        over.map((other) => other.instance),
      );
      await db
        .insertInto("instances")
        .values(row)
        .onConflict((c) => c.columns(["spiffeId", "instance"]).doUpdateSet(state))
        .execute();
      const served = own && own.manifestHash !== row.manifestHash ? [...over, own] : over;
      return served.some(({ manifestHash }) => manifestHash !== "");
    },
    async forget(spiffeId) {
      await db.deleteFrom("instances").where("spiffeId", "=", spiffeId).execute();
    },
    async prune(before, supersededBefore, limit) {
      const over = await db
        .selectFrom("instances")
        .select(["spiffeId", "instance"])
        .where((e) =>
          e.or([
            e("seenAt", "<", before),
            e.and([
              e("seenAt", "<", supersededBefore),
              e.exists(
                e
                  .selectFrom("instances as later")
                  .select("later.instance")
                  .whereRef("later.spiffeId", "=", "instances.spiffeId")
                  .whereRef("later.seenAt", ">", "instances.seenAt"),
              ),
            ]),
          ]),
        )
        .limit(limit)
        .execute();
      const named = new Map<string, string[]>();
      for (const { spiffeId, instance } of over) named.set(spiffeId, [...(named.get(spiffeId) ?? []), instance]);
      for (const [spiffeId, instances] of named) await remove(spiffeId, instances);
    },
    page({ after, limit }) {
      const all = db.selectFrom("instances").selectAll().orderBy("spiffeId").orderBy("instance").limit(limit);
      if (!after) return all.execute();
      const key = after as [string, string];
      return all.where(({ eb, refTuple, tuple }) => eb(refTuple("spiffeId", "instance"), ">", tuple(...key))).execute();
    },
  };
}
