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
    list: () => db.selectFrom("bots").selectAll().orderBy("name").execute(),
  };
}
