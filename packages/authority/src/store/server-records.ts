import type { Kysely } from "kysely";
import type { PageRequest } from "./page.js";
import type { Schema, ServerRecordRow } from "./schema.js";

/** The maximum number of services of one bot on record. The one that was reported least recently makes place for another. */
export const maximumServerRecords = 1_000;

/** What bots serve and have served, and how completely their calls were counted. */
export interface ServerRecords {
  /** Records the services that a process of a bot reports at `now`. Call it in a transaction. */
  seen(spiffeId: string, services: readonly string[], now: number): Promise<void>;
  /** Records that calls of any service of a bot may not have been counted, until `at`. */
  uncounted(spiffeId: string, at: number): Promise<void>;
  /** Records the same of every bot, because counts were lost here. */
  allUncounted(at: number): Promise<void>;
  /** Deletes records that were last reported before a time, in milliseconds since the epoch. */
  prune(lastBefore: number): Promise<void>;
  /** Lists one page of the records; its key is `spiffeId`, `service`. */
  page(request: PageRequest): Promise<ServerRecordRow[]>;
}

/** Opens the records of servers in a database. */
export function createServerRecords(db: Kysely<Schema>): ServerRecords {
  const mark = (at: number) =>
    db
      .updateTable("serverRecords")
      .set({ uncountedAt: at })
      .where((e) => e.or([e("uncountedAt", "is", null), e("uncountedAt", "<", at)]));

  return {
    async seen(spiffeId, services, now) {
      if (services.length === 0) return;
      const rows = await db
        .insertInto("serverRecords")
        .values(
          [...new Set(services)].map((service) => {
            return { spiffeId, service, firstAt: now, lastAt: now, uncountedAt: null };
          }),
        )
        .onConflict((c) =>
          c.columns(["spiffeId", "service"]).doUpdateSet((e) => {
            const [last, given] = [e.ref("serverRecords.lastAt"), e.ref("excluded.lastAt")];
            return { lastAt: e.case().when(last, "<", given).then(given).else(last).end() };
          }),
        )
        .returning("firstAt")
        .execute();
      if (!rows.some(({ firstAt }) => firstAt === now)) return; // None is new.
      const over = await db
        .selectFrom("serverRecords")
        .select("service")
        .where("spiffeId", "=", spiffeId)
        .orderBy("lastAt", "desc")
        .orderBy("service")
        .limit(maximumServerRecords)
        .offset(maximumServerRecords)
        .execute();
      if (over.length === 0) return;
      const names = over.map(({ service }) => service);
      await db.deleteFrom("serverRecords").where("spiffeId", "=", spiffeId).where("service", "in", names).execute();
    },
    async uncounted(spiffeId, at) {
      await mark(at).where("spiffeId", "=", spiffeId).execute();
    },
    async allUncounted(at) {
      await mark(at).execute();
    },
    async prune(lastBefore) {
      await db.deleteFrom("serverRecords").where("lastAt", "<", lastBefore).execute();
    },
    page({ after, limit }) {
      const all = db.selectFrom("serverRecords").selectAll().orderBy("spiffeId").orderBy("service").limit(limit);
      if (!after) return all.execute();
      const key = after as [string, string];
      return all.where(({ eb, refTuple, tuple }) => eb(refTuple("spiffeId", "service"), ">", tuple(...key))).execute();
    },
  };
}
