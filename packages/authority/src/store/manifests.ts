import type { Kysely } from "kysely";
import type { PageRequest } from "./page.js";
import type { ManifestRow, Schema } from "./schema.js";

/** The manifests that processes of bots serve. */
export interface Manifests {
  /** Whether the manifest with a hash is on record. */
  has(hash: string): Promise<boolean>;
  /** Adds a manifest, unless it is on record. */
  add(manifest: ManifestRow): Promise<void>;
  /**
   * Deletes the manifests that no process on record serves, so their number is bounded by that of the processes. Call it
   * in a transaction.
   */
  pruneUnserved(): Promise<void>;
  /** Lists one page of the manifests; its key is the hash. */
  page(request: PageRequest): Promise<ManifestRow[]>;
}

/** Opens the manifests in a database. */
export function createManifests(db: Kysely<Schema>): Manifests {
  return {
    async has(hash) {
      return (
        (await db.selectFrom("manifests").select("hash").where("hash", "=", hash).executeTakeFirst()) !== undefined
      );
    },
    async add(manifest) {
      await db
        .insertInto("manifests")
        .values(manifest)
        .onConflict((c) => c.column("hash").doNothing())
        .execute();
    },
    async pruneUnserved() {
      await db
        .deleteFrom("manifests")
        .where((e) =>
          e.not(
            e.exists(
              e.selectFrom("instances").select("instance").whereRef("instances.manifestHash", "=", "manifests.hash"),
            ),
          ),
        )
        .execute();
    },
    page({ after, limit }) {
      const all = db.selectFrom("manifests").selectAll().orderBy("hash").limit(limit);
      return (after ? all.where("hash", ">", after[0] as string) : all).execute();
    },
  };
}
