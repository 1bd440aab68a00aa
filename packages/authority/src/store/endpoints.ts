import type { Kysely } from "kysely";
import type { EndpointRow, Schema } from "./schema.js";

/** The services of bots and their addresses. */
export interface Endpoints {
  /** Replaces the endpoints of a bot. Call it in a transaction. */
  replace(spiffeId: string, endpoints: readonly Pick<EndpointRow, "service" | "address">[], now: number): Promise<void>;
  /**
   * Adds endpoints of one of several servers that share an identity, as authorities on one store do, and deletes those
   * that were last reported before `before`. Call it in a transaction.
   */
  share(
    spiffeId: string,
    endpoints: readonly Pick<EndpointRow, "service" | "address">[],
    now: number,
    before: number,
  ): Promise<void>;
  /** Deletes the endpoints at an address. */
  leave(spiffeId: string, address: string): Promise<void>;
  /** Lists the SPIFFE IDs of all bots with endpoints. */
  servers(): Promise<string[]>;
  /** Lists the full names of all services. */
  services(): Promise<string[]>;
  /** Finds the endpoints of a service at bots that are not revoked by name, the latest report first. */
  find(service: string): Promise<EndpointRow[]>;
}

/** Opens the endpoints in a database. */
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
