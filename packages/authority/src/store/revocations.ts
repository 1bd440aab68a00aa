import type { Kysely } from "kysely";
import type { RevocationRow, Schema } from "./schema.js";

/** What is shut out. Nothing is ever taken off the list. */
export interface Revocations {
  add(revocation: RevocationRow): Promise<void>;
  find(kind: RevocationRow["kind"], subject: string): Promise<RevocationRow | undefined>;
  /** Those that came after a version of the trust, in the order in which they came; all of them after 0. */
  since(trustVersion: number): Promise<RevocationRow[]>;
}

export function createRevocations(db: Kysely<Schema>): Revocations {
  return {
    async add(revocation) {
      await db.insertInto("revocations").values(revocation).execute();
    },
    find: (kind, subject) =>
      db
        .selectFrom("revocations")
        .selectAll()
        .where("kind", "=", kind)
        .where("subject", "=", subject)
        .executeTakeFirst(),
    since: (trustVersion) =>
      db
        .selectFrom("revocations")
        .selectAll()
        .where("trustVersion", ">", trustVersion)
        .orderBy("trustVersion")
        .execute(),
  };
}
