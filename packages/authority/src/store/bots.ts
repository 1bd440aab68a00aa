import type { Kysely } from "kysely";
import type { BotRow, Schema } from "./schema.js";

/** The bots that ever joined. */
export interface Bots {
  /** Records that a bot has joined, or joined again; then it is retired no longer. */
  joined(bot: Omit<BotRow, "retiredAt">): Promise<void>;
  /** Records a renewed certificate. False when no such bot has joined. */
  renewed(name: string, certificate: Pick<BotRow, "certificateSerial" | "certificateExpiresAt">): Promise<boolean>;
  find(name: string): Promise<BotRow | undefined>;
  /** Records that a bot is retired. */
  retired(name: string, now: number): Promise<void>;
  /**
   * Forgets bots whose last certificate ran out before a time, in milliseconds since the epoch, and which were not
   * retired since; at most `limit`. Gives their names.
   */
  prune(before: number, limit: number): Promise<string[]>;
  /** All of them, by name. */
  list(): Promise<BotRow[]>;
}

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
  };
}
