import type { Kysely } from "kysely";
import type { PageRequest } from "./page.js";
import type { FederationRow, Schema } from "./schema.js";

/** The relations to other trust domains. */
export interface Federations {
  find(trustDomain: string): Promise<FederationRow | undefined>;
  /** Records a relation in place of the one that there was. */
  put(row: FederationRow): Promise<void>;
  /** Changes parts of a relation. */
  update(trustDomain: string, changes: Partial<Omit<FederationRow, "trustDomain">>): Promise<void>;
  /** Lists those in force by trust domain. */
  inForce(): Promise<FederationRow[]>;
  /** Lists one page, with those that were revoked; its key is the trust domain. */
  page(request: PageRequest): Promise<FederationRow[]>;
  /** Deletes all but the latest of those that were revoked. */
  pruneRevoked(kept: number): Promise<void>;
}

/** Opens the relations in a database. */
export function createFederations(db: Kysely<Schema>): Federations {
  return {
    find: (trustDomain) =>
      db.selectFrom("federations").selectAll().where("trustDomain", "=", trustDomain).executeTakeFirst(),
    async put(row) {
      const { trustDomain: _, ...rest } = row;
      await db
        .insertInto("federations")
        .values(row)
        .onConflict((c) => c.column("trustDomain").doUpdateSet(rest))
        .execute();
    },
    async update(trustDomain, changes) {
      await db.updateTable("federations").set(changes).where("trustDomain", "=", trustDomain).execute();
    },
    inForce: () =>
      db.selectFrom("federations").selectAll().where("revokedAt", "is", null).orderBy("trustDomain").execute(),
    page({ after, limit }) {
      const all = db.selectFrom("federations").selectAll().orderBy("trustDomain").limit(limit);
      return (after ? all.where("trustDomain", ">", after[0] as string) : all).execute();
    },
    async pruneRevoked(kept) {
      const latest = await db
        .selectFrom("federations")
        .select("trustDomain")
        .where("revokedAt", "is not", null)
        .orderBy("revokedAt", "desc")
        .offset(kept)
        .limit(1_000)
        .execute();
      if (latest.length === 0) return;
      const names = latest.map(({ trustDomain }) => trustDomain);
      await db.deleteFrom("federations").where("trustDomain", "in", names).execute();
    },
  };
}
