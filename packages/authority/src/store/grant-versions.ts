import type { Kysely } from "kysely";
import type { PageRequest } from "./page.js";
import type { GrantVersionRow, Schema } from "./schema.js";

/** The versions of the grants. */
export interface GrantVersions {
  /** Returns the version in force; `undefined` before the first. */
  latest(): Promise<GrantVersionRow | undefined>;
  find(version: number): Promise<GrantVersionRow | undefined>;
  /** Lists one page of the versions without their text, the latest first; its key is `version`. */
  page(request: PageRequest): Promise<Omit<GrantVersionRow, "yaml">[]>;
  /** Lists the versions since a time, in milliseconds since the epoch, and the one before them, the earliest first. */
  since(appliedAt: number): Promise<GrantVersionRow[]>;
  add(version: GrantVersionRow): Promise<void>;
  /** Deletes versions from before a time, in milliseconds since the epoch, except the one in force. */
  prune(appliedBefore: number): Promise<void>;
}

/**
 * Opens the versions of the grants in a database. `changed` is called for changes that other authorities have to load.
 */
export function createGrantVersions(db: Kysely<Schema>, changed: () => void): GrantVersions {
  const all = () => db.selectFrom("grantVersions").selectAll();
  return {
    latest: () => all().orderBy("version", "desc").limit(1).executeTakeFirst(),
    find: (version) => all().where("version", "=", version).executeTakeFirst(),
    page({ after, limit }) {
      const listed = db
        .selectFrom("grantVersions")
        .select(["version", "appliedAt", "appliedBy"])
        .orderBy("version", "desc")
        .limit(limit);
      return (after ? listed.where("version", "<", after[0] as number) : listed).execute();
    },
    async since(appliedAt) {
      const recent = await all().where("appliedAt", ">=", appliedAt).orderBy("version").execute();
      const before =
        recent[0] &&
        (await all().where("version", "<", recent[0].version).orderBy("version", "desc").limit(1).executeTakeFirst());
      return before ? [before, ...recent] : recent;
    },
    async prune(appliedBefore) {
      await db
        .deleteFrom("grantVersions")
        .where("appliedAt", "<", appliedBefore)
        .where("version", "<", (e) =>
          e.selectFrom("grantVersions as latest").select((m) => m.fn.max("version").as("version")),
        )
        .execute();
    },
    async add(version) {
      await db.insertInto("grantVersions").values(version).execute();
      changed();
    },
  };
}
