import { spiffeId as idOf } from "@interlock/policy";
import type { Kysely } from "kysely";
import type { PageRequest } from "./page.js";
import type { EndpointRow, Schema } from "./schema.js";

type Endpoint = Pick<EndpointRow, "service" | "address">;

/** What one process of a bot serves now. */
export interface EndpointReport {
  readonly spiffeId: string;
  readonly instance: string;
  readonly endpoints: readonly Endpoint[];
  readonly now: number;
  /** Processes of the bot that reported last before this time are gone, in milliseconds since the epoch. */
  readonly goneBefore: number;
}

/** A search for the servers of one service. */
export interface ServerSearch {
  /** The trust domain of the servers. */
  readonly trustDomain: string;
  /** Identity patterns, one of which a server has to match. The store matches roughly: check its answer. */
  readonly patterns: readonly string[];
  /** Endpoints that were reported before are left out, in milliseconds since the epoch. */
  readonly since: number;
  /** The maximum number of endpoints of one bot. */
  readonly perBot: number;
  /** The maximum number of endpoints. */
  readonly limit: number;
}

/**
 * The maximum number of processes of one bot with endpoints. The one that reported first makes place for another.
 */
export const maximumInstances = 8;

/** The services of bots and their addresses. */
export interface Endpoints {
  /** Replaces the endpoints of a bot, of all its processes. Call it in a transaction. */
  replace(spiffeId: string, endpoints: readonly Endpoint[], now: number): Promise<void>;
  /**
   * Replaces the endpoints of one process of a bot, and deletes those of its processes that are gone. An address belongs
   * to the process that reported it last. Call it in a transaction. Resolves with whether the bot has any endpoints.
   */
  report(report: EndpointReport): Promise<boolean>;
  /**
   * Adds endpoints of one of several servers that share an identity, as authorities on one store do, and deletes those
   * that were last reported before `before`. Call it in a transaction.
   */
  share(spiffeId: string, endpoints: readonly Endpoint[], now: number, before: number): Promise<void>;
  /** Deletes the endpoints at an address. */
  leave(spiffeId: string, address: string): Promise<void>;
  /** Lists the SPIFFE IDs of all bots with endpoints. */
  servers(): Promise<string[]>;
  /** Lists the full names of all services. */
  services(): Promise<string[]>;
  /**
   * Finds one page of the endpoints of a service at bots that are not revoked by name, the latest report first.
   * Its key is `reportedAt`, `address`, `spiffeId`. Endpoints that were reported before `since` are left out.
   */
  find(service: string, request: PageRequest, since?: number): Promise<EndpointRow[]>;
  /**
   * Finds endpoints of a service at bots that are not revoked by name: the latest of each bot first, then its second one.
   * So a bot with many endpoints displaces no other.
   */
  findServers(service: string, search: ServerSearch): Promise<EndpointRow[]>;
}

/** Opens the endpoints in a database. */
export function createEndpoints(db: Kysely<Schema>): Endpoints {
  async function upsert(spiffeId: string, instance: string, endpoints: readonly Endpoint[], now: number) {
    // A statement may change a row only once.
    const distinct = new Map(endpoints.map(({ service, address }) => [`${service} ${address}`, { service, address }]));
    if (distinct.size === 0) return;
    await db
      .insertInto("endpoints")
      .values([...distinct.values()].map((endpoint) => ({ spiffeId, instance, reportedAt: now, ...endpoint })))
      .onConflict((c) => c.columns(["spiffeId", "service", "address"]).doUpdateSet({ instance, reportedAt: now }))
      .execute();
  }

  /** Deletes the endpoints of the bot's other processes beyond the maximum, the earliest report first. */
  async function makePlace(spiffeId: string, instance: string): Promise<void> {
    const others = await db
      .selectFrom("endpoints")
      .select((e) => ["instance", e.fn.max("reportedAt").as("last")])
      .where("spiffeId", "=", spiffeId)
      .where("instance", "!=", instance)
      .groupBy("instance")
      .orderBy("last", "desc")
      .execute();
    const over = others.slice(maximumInstances - 1).map((other) => other.instance);
    if (over.length === 0) return;
    await db.deleteFrom("endpoints").where("spiffeId", "=", spiffeId).where("instance", "in", over).execute();
  }

  /** The endpoints of a service at bots that are not revoked by name. */
  function ofService(service: string, since: number) {
    return db
      .selectFrom("endpoints")
      .where("service", "=", service)
      .where("reportedAt", ">=", since)
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
      );
  }

  return {
    async replace(spiffeId, endpoints, now) {
      await db.deleteFrom("endpoints").where("spiffeId", "=", spiffeId).execute();
      await upsert(spiffeId, "", endpoints, now);
    },
    async report({ spiffeId, instance, endpoints, now, goneBefore }) {
      await db
        .deleteFrom("endpoints")
        .where("spiffeId", "=", spiffeId)
        .where((e) => e.or([e("instance", "=", instance), e("reportedAt", "<", goneBefore)]))
        .execute();
      if (endpoints.length > 0) await makePlace(spiffeId, instance);
      await upsert(spiffeId, instance, endpoints, now);
      const one = await db
        .selectFrom("endpoints")
        .select("service")
        .where("spiffeId", "=", spiffeId)
        .limit(1)
        .executeTakeFirst();
      return one !== undefined;
    },
    async share(spiffeId, endpoints, now, before) {
      await upsert(spiffeId, "", endpoints, now);
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
    find(service, { after, limit }, since = 0) {
      const all = ofService(service, since)
        .selectAll()
        .orderBy("reportedAt", "desc")
        .orderBy("address", "desc")
        .orderBy("spiffeId", "desc")
        .limit(limit);
      if (!after) return all.execute();
      const key = after as [number, string, string];
      return all
        .where(({ eb, refTuple, tuple }) => eb(refTuple("reportedAt", "address", "spiffeId"), "<", tuple(...key)))
        .execute();
    },
    async findServers(service, { trustDomain, patterns, since, perBot, limit }) {
      const ranked = ofService(service, since)
        .selectAll()
        .where((e) => e.or(patterns.map((pattern) => e("spiffeId", "like", likeText(trustDomain, pattern)))))
        .select((e) =>
          e.fn
            .agg<number>("row_number")
            .over((over) => over.partitionBy("spiffeId").orderBy("reportedAt", "desc").orderBy("address", "desc"))
            .as("place"),
        );
      const rows = await db
        .selectFrom(ranked.as("ranked"))
        .selectAll()
        .where("place", "<=", perBot)
        .orderBy("place")
        .orderBy("reportedAt", "desc")
        .orderBy("address", "desc")
        .orderBy("spiffeId", "desc")
        .limit(limit)
        .execute();
      return rows.map(({ place: _place, ...row }) => row);
    },
  };
}

/** The SPIFFE IDs that a pattern matches, and some more: `%` matches several segments, and `_` any character. */
function likeText(trustDomain: string, pattern: string): string {
  return `${idOf(trustDomain, "x").uri.slice(0, -1)}${pattern.replace(/\*+/g, "%")}`;
}
