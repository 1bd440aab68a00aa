import type { Kysely } from "kysely";
import type { RevocationRow, Schema } from "./schema.js";

/** What is shut out, and what was: a subject has one row, which says what was last done to it. */
export interface Revocations {
  /** Shuts something out, also when it had been let in again. */
  add(revocation: Omit<RevocationRow, "liftedAt">): Promise<void>;
  /** Lets something in again. */
  lift(kind: RevocationRow["kind"], subject: string, lifted: { liftedAt: number; trustVersion: number }): Promise<void>;
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
