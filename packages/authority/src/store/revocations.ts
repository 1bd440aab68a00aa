import type { Kysely } from "kysely";
import type { RevocationRow, Schema } from "./schema.js";

/** Something that is to be shut out. */
export type NewRevocation = Omit<RevocationRow, "liftedAt" | "expiresAt"> & Partial<Pick<RevocationRow, "expiresAt">>;

/** What is shut out, and what was: a subject has one row, which says what was last done to it. */
export interface Revocations {
  /** Shuts something out, also when it had been let in again; for good unless it is said when it expires. */
  add(revocation: NewRevocation): Promise<void>;
  /** Lets something in again. */
  lift(kind: RevocationRow["kind"], subject: string, lifted: { liftedAt: number; trustVersion: number }): Promise<void>;
  /** The tokens that are shut out since before a time, in milliseconds since the epoch, at most `limit`. */
  tokensBefore(revokedBefore: number, limit: number): Promise<string[]>;
  /** Forgets what was let in again before a time; gives the latest version of the trust in which one of them was, or 0. */
  pruneLifted(liftedBefore: number): Promise<number>;
  /** How much is shut out that had expired before a time. */
  countSpent(expiredBefore: number): Promise<number>;
  /** Lets that in again, all at once. */
  liftSpent(expiredBefore: number, lifted: { liftedAt: number; trustVersion: number }): Promise<void>;
  /** Forgets what expired, and was let in again before a time. */
  forgetSpent(liftedBefore: number): Promise<void>;
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
      const row = { expiresAt: null, ...revocation, liftedAt: null };
      const { kind: _kind, subject: _subject, ...rest } = row;
      await db
        .insertInto("revocations")
        .values(row)
        .onConflict((c) => c.columns(["kind", "subject"]).doUpdateSet(rest))
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
        .where("expiresAt", "is", null)
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
    async countSpent(expiredBefore) {
      const { count } = await db
        .selectFrom("revocations")
        .select((e) => e.fn.countAll().as("count"))
        .where("liftedAt", "is", null)
        .where("expiresAt", "<", expiredBefore)
        .executeTakeFirstOrThrow();
      return Number(count);
    },
    async liftSpent(expiredBefore, lifted) {
      await db
        .updateTable("revocations")
        .set(lifted)
        .where("liftedAt", "is", null)
        .where("expiresAt", "<", expiredBefore)
        .execute();
    },
    async forgetSpent(liftedBefore) {
      await db
        .deleteFrom("revocations")
        .where("expiresAt", "is not", null)
        .where("liftedAt", "<", liftedBefore)
        .execute();
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
