import type { Kysely } from "kysely";
import type { FleetRow, Schema } from "./schema.js";

/** Whose data this is, and the version of its trust. */
export interface Fleet {
  get(): Promise<FleetRow | undefined>;
  create(trustDomain: string, now: number): Promise<FleetRow>;
  /** Takes another issuer, null for the authority's SPIFFE ID; `former` is what it was. */
  reissue(issuer: string | null, former: string): Promise<void>;
  /** Counts the version of the trust up, by 1 unless said, and gives the new one. */
  nextTrustVersion(by?: number): Promise<number>;
  /** Says that whoever has a version before this one gets everything anew. */
  startAt(trustVersion: number): Promise<void>;
}

export function createFleet(db: Kysely<Schema>, changed: () => void): Fleet {
  return {
    get: () => db.selectFrom("fleet").selectAll().executeTakeFirst(),
    async create(trustDomain, now) {
      const row: FleetRow = {
        id: 1,
        trustDomain,
        trustVersion: 1,
        firstVersion: 1,
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
    async nextTrustVersion(by = 1) {
      const row = await db
        .updateTable("fleet")
        .set((e) => ({ trustVersion: e("trustVersion", "+", by) }))
        .returning("trustVersion")
        .executeTakeFirstOrThrow();
      changed();
      return row.trustVersion;
    },
    async startAt(trustVersion) {
      await db
        .updateTable("fleet")
        .set({ firstVersion: trustVersion })
        .where("firstVersion", "<", trustVersion)
        .execute();
    },
  };
}
