import type { Kysely } from "kysely";
import type { BotRow, Schema } from "./schema.js";

/** The bots that ever joined. */
export interface Bots {
  /** Records that a bot has joined, or joined again. */
  joined(bot: BotRow): Promise<void>;
  /** Records a renewed certificate. False when no such bot has joined. */
  renewed(name: string, certificate: Pick<BotRow, "certificateSerial" | "certificateExpiresAt">): Promise<boolean>;
  /** All of them, by name. */
  list(): Promise<BotRow[]>;
}

export function createBots(db: Kysely<Schema>): Bots {
  return {
    async joined(bot) {
      const { name: _, ...rest } = bot;
      await db
        .insertInto("bots")
        .values(bot)
        .onConflict((c) => c.column("name").doUpdateSet(rest))
        .execute();
    },
    async renewed(name, certificate) {
      const result = await db.updateTable("bots").set(certificate).where("name", "=", name).executeTakeFirstOrThrow();
      return result.numUpdatedRows === 1n;
    },
    list: () => db.selectFrom("bots").selectAll().orderBy("name").execute(),
  };
}
