import type { Kysely } from "kysely";
import type { CaCertificateRow, Schema } from "./schema.js";

/** The CA certificates of the fleet. */
export interface CaCertificates {
  add(certificate: CaCertificateRow): Promise<void>;
  /** All of them, the newest first. */
  list(): Promise<CaCertificateRow[]>;
}

export function createCaCertificates(db: Kysely<Schema>): CaCertificates {
  return {
    async add(certificate) {
      await db.insertInto("caCertificates").values(certificate).execute();
    },
    list: () => db.selectFrom("caCertificates").selectAll().orderBy("createdAt", "desc").execute(),
  };
}
