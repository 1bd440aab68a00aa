import type { Kysely } from "kysely";
import type { FleetRow, Schema } from "./schema.js";

/** Whose data this is, and the version of its trust. */
export interface Fleet {
  get(): Promise<FleetRow | undefined>;
  create(trustDomain: string, now: number): Promise<FleetRow>;
  /** Takes another issuer, null for the authority's SPIFFE ID; `former` is what it was. */
  reissue(issuer: string | null, former: string): Promise<void>;
  /** Counts the version of the trust up, and gives the new one. */
  nextTrustVersion(): Promise<number>;
}

export function createFleet(db: Kysely<Schema>): Fleet {
  return {
    get: () => db.selectFrom("fleet").selectAll().executeTakeFirst(),
    async create(trustDomain, now) {
      const row: FleetRow = {
        id: 1,
        trustDomain,
        trustVersion: 1,
        createdAt: now,
        issuer: null,
        formerIssuer: null,
      };
      await db.insertInto("fleet").values(row).execute();
      return row;
    },
    async reissue(issuer, former) {
      await db.updateTable("fleet").set({ issuer, formerIssuer: former }).execute();
    },
    async nextTrustVersion() {
      const row = await db
        .updateTable("fleet")
        .set((e) => ({ trustVersion: e("trustVersion", "+", 1) }))
        .returning("trustVersion")
        .executeTakeFirstOrThrow();
      return row.trustVersion;
    },
  };
}
