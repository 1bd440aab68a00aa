import type { Kysely } from "kysely";
import type { RevocationRow, Schema } from "./schema.js";

/** What is shut out, and what was: a subject has one row, which says what was last done to it. */
export interface Revocations {
  /** Shuts something out, also when it had been let in again. */
  add(revocation: Omit<RevocationRow, "liftedAt">): Promise<void>;
  /** Lets something in again. */
  lift(kind: RevocationRow["kind"], subject: string, lifted: { liftedAt: number; trustVersion: number }): Promise<void>;
  /** How many tokens are shut out since before a time. */
  countTokens(revokedBefore: number): Promise<number>;
  /** Lets those in again, all at once. */
  liftTokens(revokedBefore: number, lifted: { liftedAt: number; trustVersion: number }): Promise<void>;
  /** Forgets tokens that were let in again before a time. */
  forgetTokens(liftedBefore: number): Promise<void>;
  /** What is in force for exactly this subject. */
  find(kind: RevocationRow["kind"], subject: string): Promise<RevocationRow | undefined>;
  /** Everything in force, the latest first; of one kind where that is said. */
  list(kind?: RevocationRow["kind"]): Promise<RevocationRow[]>;
  /** What changed after a version of the trust, lifted or not, in the order in which it did; everything after 0. */
  since(trustVersion: number): Promise<RevocationRow[]>;
}

export function createRevocations(db: Kysely<Schema>): Revocations {
  return {
    async add(revocation) {
      const { kind: _kind, subject: _subject, ...rest } = revocation;
      await db
        .insertInto("revocations")
        .values({ ...revocation, liftedAt: null })
        .onConflict((c) => c.columns(["kind", "subject"]).doUpdateSet({ ...rest, liftedAt: null }))
        .execute();
    },
    async lift(kind, subject, lifted) {
      await db.updateTable("revocations").set(lifted).where("kind", "=", kind).where("subject", "=", subject).execute();
    },
    async countTokens(revokedBefore) {
      const { count } = await db
        .selectFrom("revocations")
        .select((e) => e.fn.countAll().as("count"))
        .where("kind", "=", "token")
        .where("liftedAt", "is", null)
        .where("revokedAt", "<", revokedBefore)
        .executeTakeFirstOrThrow();
      return Number(count);
    },
    async liftTokens(revokedBefore, lifted) {
      await db
        .updateTable("revocations")
        .set(lifted)
        .where("kind", "=", "token")
        .where("liftedAt", "is", null)
        .where("revokedAt", "<", revokedBefore)
        .execute();
    },
    async forgetTokens(liftedBefore) {
      await db.deleteFrom("revocations").where("kind", "=", "token").where("liftedAt", "<", liftedBefore).execute();
    },
    find: (kind, subject) =>
      db
        .selectFrom("revocations")
        .selectAll()
        .where("kind", "=", kind)
        .where("subject", "=", subject)
        .where("liftedAt", "is", null)
        .executeTakeFirst(),
    list: (kind) =>
      db
        .selectFrom("revocations")
        .selectAll()
        .where("liftedAt", "is", null)
        .$if(kind !== undefined, (query) => query.where("kind", "=", kind as RevocationRow["kind"]))
        .orderBy("trustVersion", "desc")
        .execute(),
    since: (trustVersion) =>
      db
        .selectFrom("revocations")
        .selectAll()
        .where("trustVersion", ">", trustVersion)
        .orderBy("trustVersion")
        .execute(),
  };
}
