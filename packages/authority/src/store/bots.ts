import type { Kysely } from "kysely";
import type { PageRequest } from "./page.js";
import type { BotRow, Schema } from "./schema.js";

/** The records of the bots that have joined. */
export interface Bots {
  /** Records that a bot has joined, or joined again, which ends its retirement. */
  joined(bot: Omit<BotRow, "retiredAt">): Promise<void>;
  /** Records a renewed certificate. Resolves with false when the bot is not on record. */
  renewed(name: string, certificate: Pick<BotRow, "certificateSerial" | "certificateExpiresAt">): Promise<boolean>;
  /** Finds a bot by its name. */
  find(name: string): Promise<BotRow | undefined>;
  /** Records that a bot is retired. */
  retired(name: string, now: number): Promise<void>;
  /**
   * Deletes bots whose last certificate expired before a time, in milliseconds since the epoch, unless they were
   * retired after it; at most `limit`. Returns their names.
   */
  prune(before: number, limit: number): Promise<string[]>;
  /** Lists all bots by name. */
  list(): Promise<BotRow[]>;
  /** Lists one page of the bots; its key is their name. */
  page(request: PageRequest): Promise<ListedBot[]>;
}

/** A bot, with the time when its latest certificate was issued; null once that is not on record any more. */
export interface ListedBot extends BotRow {
  readonly certificateIssuedAt: number | null;
}

/** Opens the records of bots in a database. */
export function createBots(db: Kysely<Schema>): Bots {
  return {
    async joined(bot) {
      const { name: _, ...rest } = bot;
      await db
        .insertInto("bots")
        .values({ ...bot, retiredAt: null })
        .onConflict((c) => c.column("name").doUpdateSet({ ...rest, retiredAt: null }))
        .execute();
    },
    async renewed(name, certificate) {
      const result = await db.updateTable("bots").set(certificate).where("name", "=", name).executeTakeFirstOrThrow();
      return result.numUpdatedRows === 1n;
    },
    find: (name) => db.selectFrom("bots").selectAll().where("name", "=", name).executeTakeFirst(),
    async retired(name, now) {
      await db.updateTable("bots").set({ retiredAt: now }).where("name", "=", name).execute();
    },
    async prune(before, limit) {
      const over = await db
        .selectFrom("bots")
        .select("name")
        .where("certificateExpiresAt", "<", before)
        .where((e) => e.or([e("retiredAt", "is", null), e("retiredAt", "<", before)]))
        .limit(limit)
        .execute();
      const names = over.map(({ name }) => name);
      if (names.length > 0) await db.deleteFrom("bots").where("name", "in", names).execute();
      return names;
    },
    list: () => db.selectFrom("bots").selectAll().orderBy("name").execute(),
    page({ after, limit }) {
      const all = db
        .selectFrom("bots")
        .leftJoin("certificates", "certificates.serial", "bots.certificateSerial")
        .selectAll("bots")
        .select("certificates.issuedAt as certificateIssuedAt")
        .orderBy("bots.name")
        .limit(limit);
      return (after ? all.where("bots.name", ">", after[0] as string) : all).execute();
    },
  };
}
