import type { Kysely } from "kysely";
import type { GrantVersionRow, Schema } from "./schema.js";

/** Every grants.yaml that was ever in force. */
export interface GrantVersions {
  /** The one in force; `undefined` before the first. */
  latest(): Promise<GrantVersionRow | undefined>;
  add(version: GrantVersionRow): Promise<void>;
}

export function createGrantVersions(db: Kysely<Schema>): GrantVersions {
  return {
    latest: () => db.selectFrom("grantVersions").selectAll().orderBy("version", "desc").limit(1).executeTakeFirst(),
    async add(version) {
      await db.insertInto("grantVersions").values(version).execute();
    },
  };
}
