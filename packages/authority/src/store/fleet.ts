import type { Kysely } from "kysely";
import type { FleetRow, Schema } from "./schema.js";

/** The record of the fleet: its trust domain and the version of its trust. */
export interface Fleet {
  get(): Promise<FleetRow | undefined>;
  create(trustDomain: string, now: number): Promise<FleetRow>;
  /** Changes the issuer; null stands for the authority's SPIFFE ID. `former` is the issuer before. */
  reissue(issuer: string | null, former: string): Promise<void>;
  /** Increases the version of the trust and returns the new one. Default: by 1. */
  nextTrustVersion(by?: number): Promise<number>;
  /** Records that bots with an earlier version get the complete trust. */
  startAt(trustVersion: number): Promise<void>;
}

/** Opens the record of the fleet in a database. `changed` is called for changes that other authorities have to load. */
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
