import type { Kysely } from "kysely";
import type { CertificateRow, LineageRow, Schema } from "./schema.js";

/** The certificates of bots, and the lineages in which they descend from each other. */
export interface Certificates {
  add(certificate: CertificateRow): Promise<void>;
  find(serial: string): Promise<CertificateRow | undefined>;
  lineage(name: string): Promise<LineageRow | undefined>;
  saveLineage(lineage: LineageRow): Promise<void>;
  /** Counts the valid certificates below a root. */
  countValid(root: string, now: number): Promise<number>;
  forgetLineage(name: string): Promise<void>;
  /** Lets every bot renew once over a certificate that is not on record. */
  adoptAll(): Promise<void>;
  /**
   * Deletes certificates that expired before `expiredBefore`; those that can still renew, and that of the bot's last join, only
   * when they expired before `recoverableBefore`. In milliseconds since the epoch.
   */
  prune(expiredBefore: number, recoverableBefore: number): Promise<void>;
}

/** Opens the certificates in a database. */
export function createCertificates(db: Kysely<Schema>): Certificates {
  return {
    async add(certificate) {
      await db.insertInto("certificates").values(certificate).execute();
    },
    find: (serial) => db.selectFrom("certificates").selectAll().where("serial", "=", serial).executeTakeFirst(),
    lineage: (name) => db.selectFrom("lineages").selectAll().where("name", "=", name).executeTakeFirst(),
    async saveLineage(lineage) {
      const { name: _, ...rest } = lineage;
      await db
        .insertInto("lineages")
        .values(lineage)
        .onConflict((c) => c.column("name").doUpdateSet(rest))
        .execute();
    },
    async countValid(root, now) {
      const { count } = await db
        .selectFrom("certificates")
        .select((e) => e.fn.countAll<number | string | bigint>().as("count"))
        .where("root", "=", root)
        .where("expiresAt", ">", now)
        .executeTakeFirstOrThrow();
      return Number(count);
    },
    async adoptAll() {
      await db.updateTable("lineages").set({ adopts: 1 }).execute();
    },
    async forgetLineage(name) {
      await db.deleteFrom("lineages").where("name", "=", name).execute();
    },
    async prune(expiredBefore, recoverableBefore) {
      await db
        .deleteFrom("certificates")
        .where("expiresAt", "<", expiredBefore)
        .where(({ or, eb, not, exists, selectFrom }) => {
          const needed = selectFrom("lineages")
            .select("lineages.name")
            .whereRef("lineages.name", "=", "certificates.name")
            .where(({ eb, or, ref }) =>
              or([
                eb("certificates.generation", "=", ref("lineages.firstGeneration")),
                eb("certificates.generation", ">", ref("lineages.seenGeneration")),
                eb("certificates.serial", "=", ref("lineages.seenSerial")),
              ]),
            )
            .whereRef("certificates.generation", ">=", "lineages.firstGeneration");
          return or([eb("expiresAt", "<", recoverableBefore), not(exists(needed))]);
        })
        .execute();
    },
  };
}
