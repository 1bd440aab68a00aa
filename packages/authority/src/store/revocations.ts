import type { Kysely } from "kysely";
import type { PageRequest } from "./page.js";
import type { RevocationRow, Schema } from "./schema.js";

/** A revocation to record. */
export type NewRevocation = Omit<RevocationRow, "unrevokedAt" | "expiresAt"> &
  Partial<Pick<RevocationRow, "expiresAt">>;

/** The revocations in force and those that have ended. A subject has one row, which holds its latest change. */
export interface Revocations {
  /** Records a revocation, also of a subject that was unrevoked before. Without `expiresAt` it does not expire. */
  add(revocation: NewRevocation): Promise<void>;
  /** Records that a revocation has ended. */
  unrevoke(
    kind: RevocationRow["kind"],
    subject: string,
    unrevoked: { unrevokedAt: number; trustVersion: number },
  ): Promise<void>;
  /** Lists revoked tokens without a known expiry that were revoked before a time, at most `limit`. */
  tokensBefore(revokedBefore: number, limit: number): Promise<string[]>;
  /** Deletes revocations that ended before a time. Returns the latest trust version of the deleted ones, or 0. */
  pruneUnrevoked(unrevokedBefore: number): Promise<number>;
  /** Counts revocations in force whose subject expired before a time. */
  countSpent(expiredBefore: number): Promise<number>;
  /** Ends those revocations. */
  unrevokeSpent(expiredBefore: number, unrevoked: { unrevokedAt: number; trustVersion: number }): Promise<void>;
  /** Deletes revocations of expired subjects that ended before a time. */
  forgetSpent(unrevokedBefore: number): Promise<void>;
  /** Finds the revocation in force of exactly this subject. */
  find(kind: RevocationRow["kind"], subject: string): Promise<RevocationRow | undefined>;
  /** Lists the revocations in force, the latest first. Default: of every kind. */
  list(kind?: RevocationRow["kind"]): Promise<RevocationRow[]>;
  /** Lists one page of the revocations in force, the latest first; its key is `trustVersion`. */
  page(request: PageRequest): Promise<RevocationRow[]>;
  /** Lists revocations, ended ones too, that changed after a trust version, in the order of the changes. */
  since(trustVersion: number): Promise<RevocationRow[]>;
}

/** Opens the revocations in a database. */
export function createRevocations(db: Kysely<Schema>): Revocations {
  return {
    async add(revocation) {
      const row = { expiresAt: null, ...revocation, unrevokedAt: null };
      const { kind: _kind, subject: _subject, ...rest } = row;
      await db
        .insertInto("revocations")
        .values(row)
        .onConflict((c) => c.columns(["kind", "subject"]).doUpdateSet(rest))
        .execute();
    },
    async unrevoke(kind, subject, unrevoked) {
      await db
        .updateTable("revocations")
        .set(unrevoked)
        .where("kind", "=", kind)
        .where("subject", "=", subject)
        .execute();
    },
    async tokensBefore(revokedBefore, limit) {
      const rows = await db
        .selectFrom("revocations")
        .select("subject")
        .where("kind", "=", "token")
        .where("unrevokedAt", "is", null)
        .where("expiresAt", "is", null)
        .where("revokedAt", "<", revokedBefore)
        .limit(limit)
        .execute();
      return rows.map(({ subject }) => subject);
    },
    async pruneUnrevoked(unrevokedBefore) {
      const gone = await db
        .deleteFrom("revocations")
        .where("unrevokedAt", "<", unrevokedBefore)
        .returning("trustVersion")
        .execute();
      return gone.reduce((last, { trustVersion }) => Math.max(last, trustVersion), 0);
    },
    async countSpent(expiredBefore) {
      const { count } = await db
        .selectFrom("revocations")
        .select((e) => e.fn.countAll().as("count"))
        .where("unrevokedAt", "is", null)
        .where("expiresAt", "<", expiredBefore)
        .executeTakeFirstOrThrow();
      return Number(count);
    },
    async unrevokeSpent(expiredBefore, unrevoked) {
      await db
        .updateTable("revocations")
        .set(unrevoked)
        .where("unrevokedAt", "is", null)
        .where("expiresAt", "<", expiredBefore)
        .execute();
    },
    async forgetSpent(unrevokedBefore) {
      await db
        .deleteFrom("revocations")
        .where("expiresAt", "is not", null)
        .where("unrevokedAt", "<", unrevokedBefore)
        .execute();
    },
    find: (kind, subject) =>
      db
        .selectFrom("revocations")
        .selectAll()
        .where("kind", "=", kind)
        .where("subject", "=", subject)
        .where("unrevokedAt", "is", null)
        .executeTakeFirst(),
    list: (kind) =>
      db
        .selectFrom("revocations")
        .selectAll()
        .where("unrevokedAt", "is", null)
        .$if(kind !== undefined, (query) => query.where("kind", "=", kind as RevocationRow["kind"]))
        .orderBy("trustVersion", "desc")
        .execute(),
    page({ after, limit }) {
      const all = db
        .selectFrom("revocations")
        .selectAll()
        .where("unrevokedAt", "is", null)
        .orderBy("trustVersion", "desc")
        .limit(limit);
      return (after ? all.where("trustVersion", "<", after[0] as number) : all).execute();
    },
    since: (trustVersion) =>
      db
        .selectFrom("revocations")
        .selectAll()
        .where("trustVersion", ">", trustVersion)
        .orderBy("trustVersion")
        .execute(),
  };
}
