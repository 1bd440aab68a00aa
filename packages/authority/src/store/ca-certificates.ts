import type { Kysely } from "kysely";
import type { CaCertificateRow, Schema } from "./schema.js";

/** The CA certificates of the fleet: roots, and the intermediates below them. */
export interface CaCertificates {
  add(certificate: CaCertificateRow): Promise<void>;
  /** Lists all certificates, the oldest first. */
  list(): Promise<CaCertificateRow[]>;
  /** Records when a root began to sign. */
  activate(root: string, at: number): Promise<void>;
  /** Deletes a root and everything below it. */
  remove(root: string): Promise<void>;
  /** Deletes one intermediate. */
  removeIntermediate(digest: string): Promise<void>;
}

/** Opens the CA certificates in a database. */
export function createCaCertificates(db: Kysely<Schema>): CaCertificates {
  return {
    async add(certificate) {
      await db.insertInto("caCertificates").values(certificate).execute();
    },
    list: () => db.selectFrom("caCertificates").selectAll().orderBy("createdAt").orderBy("digest").execute(),
    async activate(root, activatedAt) {
      await db.updateTable("caCertificates").set({ activatedAt }).where("digest", "=", root).execute();
    },
    async remove(root) {
      await db.deleteFrom("caCertificates").where("root", "=", root).execute();
    },
    async removeIntermediate(digest) {
      await db
        .deleteFrom("caCertificates")
        .where("digest", "=", digest)
        .where((e) => e("root", "<>", e.ref("digest")))
        .execute();
    },
  };
}
