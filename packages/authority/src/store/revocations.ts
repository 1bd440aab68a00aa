import type { Kysely } from "kysely";
import type { RevocationRow, Schema } from "./schema.js";

/** What is shut out, and what was: a subject has one row, which says what was last done to it. */
export interface Revocations {
  /** Shuts something out, also when it had been let in again. */
  add(revocation: Omit<RevocationRow, "liftedAt">): Promise<void>;
  /** Lets something in again. */
  lift(kind: RevocationRow["kind"], subject: string, lifted: { liftedAt: number; trustVersion: number }): Promise<void>;
  /** The tokens that are shut out since before a time, in milliseconds since the epoch, at most `limit`. */
  tokensBefore(revokedBefore: number, limit: number): Promise<string[]>;
  /** Forgets what was let in again before a time; gives the latest version of the trust in which one of them was, or 0. */
  pruneLifted(liftedBefore: number): Promise<number>;
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
    async tokensBefore(revokedBefore, limit) {
      const rows = await db
        .selectFrom("revocations")
        .select("subject")
        .where("kind", "=", "token")
        .where("liftedAt", "is", null)
        .where("revokedAt", "<", revokedBefore)
        .limit(limit)
        .execute();
      return rows.map(({ subject }) => subject);
    },
    async pruneLifted(liftedBefore) {
      const gone = await db
        .deleteFrom("revocations")
        .where("liftedAt", "<", liftedBefore)
        .returning("trustVersion")
        .execute();
      return gone.reduce((last, { trustVersion }) => Math.max(last, trustVersion), 0);
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
