import type { Kysely } from "kysely";
import type { EndpointRow, Schema } from "./schema.js";

/** What the bots serve, and where. */
export interface Endpoints {
  /** Replaces what one bot serves. Call it in a transaction. */
  replace(spiffeId: string, endpoints: readonly Pick<EndpointRow, "service" | "address">[], now: number): Promise<void>;
  /**
   * Adds what one of several serves that share an identity, as authorities on one store do, and forgets what those have
   * not said again since `before`. Call it in a transaction.
   */
  share(
    spiffeId: string,
    endpoints: readonly Pick<EndpointRow, "service" | "address">[],
    now: number,
    before: number,
  ): Promise<void>;
  /** Forgets what is served at an address. */
  leave(spiffeId: string, address: string): Promise<void>;
  /** The SPIFFE IDs of all bots that serve anything. */
  servers(): Promise<string[]>;
  /** The full names of all services. */
  services(): Promise<string[]>;
  /** Where a service is served by a bot that is not revoked, the latest report first. */
  find(service: string): Promise<EndpointRow[]>;
}

export function createEndpoints(db: Kysely<Schema>): Endpoints {
  return {
    async replace(spiffeId, endpoints, now) {
      await db.deleteFrom("endpoints").where("spiffeId", "=", spiffeId).execute();
      if (endpoints.length === 0) return;
      await db
        .insertInto("endpoints")
        .values(endpoints.map(({ service, address }) => ({ spiffeId, service, address, reportedAt: now })))
        .onConflict((c) => c.doNothing())
        .execute();
    },
    async share(spiffeId, endpoints, now, before) {
      await db
        .insertInto("endpoints")
        .values(endpoints.map(({ service, address }) => ({ spiffeId, service, address, reportedAt: now })))
        .onConflict((c) => c.columns(["spiffeId", "service", "address"]).doUpdateSet({ reportedAt: now }))
        .execute();
      await db.deleteFrom("endpoints").where("spiffeId", "=", spiffeId).where("reportedAt", "<", before).execute();
    },
    async leave(spiffeId, address) {
      await db.deleteFrom("endpoints").where("spiffeId", "=", spiffeId).where("address", "=", address).execute();
    },
    async servers() {
      const rows = await db.selectFrom("endpoints").select("spiffeId").distinct().execute();
      return rows.map((row) => row.spiffeId);
    },
    async services() {
      const rows = await db.selectFrom("endpoints").select("service").distinct().orderBy("service").execute();
      return rows.map((row) => row.service);
    },
    find: (service) =>
      db
        .selectFrom("endpoints")
        .selectAll()
        .where("service", "=", service)
        .where((e) =>
          e.not(
            e.exists(
              e
                .selectFrom("revocations")
                .select("subject")
                .where("kind", "=", "identity")
                .where("unrevokedAt", "is", null)
                .whereRef("subject", "=", "endpoints.spiffeId"),
            ),
          ),
        )
        .orderBy("reportedAt", "desc")
        .orderBy("address")
        .execute(),
  };
}
