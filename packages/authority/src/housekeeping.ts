import { type BotServer, type Clock, InterlockError, type Log } from "@interlock/bot";
import type { Recorder } from "@interlock/bot/internal";
import { AdminService, AuthorityService } from "@interlock/bot/protocol";
import type { DenialLog } from "./audit-log/denial-log.js";
import type { OAuthServer } from "./http/oauth-server.js";
import type { OwnIdentity } from "./own-identity.js";
import { prune } from "./prune.js";
import { packActors } from "./reports/actors.js";
import { recordOwn } from "./reports/record-own.js";
import { recordUsage } from "./reports/record-usage.js";
import type { EndpointRow } from "./store/schema.js";
import type { Store } from "./store/store.js";
import type { UsageCounts } from "./store/usage.js";
import type { AuthorityCounts } from "./telemetry/authority-counts.js";
import type { TokenSigner } from "./tokens/token-signer.js";
import type { TrustHub } from "./trust-hub/trust-hub.js";

/** What housekeeping works with. */
export interface HousekeepingOptions {
  readonly store: Store;
  /** Loads changes from the store. */
  refresh(): Promise<void>;
  readonly hub: TrustHub;
  readonly signer: TokenSigner;
  /** Keeps the CA current. Resolves with true when it changed something. */
  keepCa(): Promise<boolean>;
  readonly identity: OwnIdentity;
  /** The OAuth server, if there is one. */
  readonly oauthServer: Pick<OAuthServer, "renewIfDue"> | undefined;
  readonly recorder: Recorder;
  readonly denialLog: DenialLog;
  readonly counts: Pick<AuthorityCounts, "auditRecords">;
  readonly server: Pick<BotServer, "setHealth">;
  readonly log: Log;
  readonly clock: Clock;
  /** The authority's own SPIFFE ID. */
  readonly spiffeId: string;
  /** The authority's own endpoints. */
  readonly endpoints: readonly Pick<EndpointRow, "service" | "address">[];
  readonly trustDomain: string;
  readonly leafTtlMs: number;
  readonly staleAfterMs: number;
  readonly auditRetentionMs: number;
  readonly renewAfterExpiryMs: number;
}

/** The name under which health reports whether the bundle of every federated trust domain could be fetched last. */
export const federationHealthName = "interlock.federation";

/** The maximum number of usage rows that wait for an unreachable store. */
const maximumUnsent = 10_000;

/** How long after its last record the endpoints of another authority on the store are removed, in milliseconds. */
const goneMs = 10 * 60_000;

/** Sends heartbeats, renews the authority's own certificate, stores its usage, and prunes, until it is closed. */
export function startHousekeeping(options: HousekeepingOptions): { close(): Promise<void> } {
  const { store, refresh, hub, signer, identity, recorder, log, clock, spiffeId } = options;
  // Three heartbeats within the bound, so that two may be lost; and eight checks of a certificate in its lifetime.
  const periodMs = Math.min(options.staleAfterMs / 3, options.leafTtlMs / 8);
  let flight: Promise<void> = countRecords();
  let unsent: UsageCounts[] = [];
  let uncountedAt: number | undefined;
  let beating: Promise<void> = Promise.resolve();
  const timer = setInterval(() => void turn(), periodMs).unref();

  function turn(): void {
    beating = attempt("store not read", beat);
    flight = flight
      .then(showHealth)
      .then(showFederations)
      .then(() => attempt("certificate not renewed", identity.renewIfDue))
      .then(keepCa)
      .then(() => attempt("certificate files not read", async () => options.oauthServer?.renewIfDue()))
      .then(withdrawKeys)
      .then(storeUsage)
      .then(pruneAll)
      .then(countRecords);
  }

  // A heartbeat follows a read of the store, because another authority may have revoked a bot.
  async function beat(): Promise<void> {
    await refresh();
    hub.beat();
  }

  /** Reports "not serving" while the store cannot be read, because no call can succeed then. */
  async function showHealth(): Promise<void> {
    const readable = await store.fleet.get().then(
      () => true,
      () => false,
    );
    for (const { name } of [AuthorityService, AdminService]) options.server.setHealth(name, readable);
  }

  /** Reports "not serving" while the bundle of a federated trust domain cannot be fetched. */
  function showFederations(): Promise<void> {
    return attempt("federated trust domains not read", async () => {
      const federations = await store.federations.inForce();
      const isCurrent = federations.every(({ failedAt }) => failedAt === null);
      options.server.setHealth(federationHealthName, isCurrent);
    });
  }

  function storeUsage(): Promise<void> {
    for (const { method, actors, ...row } of recorder.take())
      unsent.push({ ...row, method: method.replace(/^\//, ""), actors: packActors(actors) });
    if (unsent.length > maximumUnsent) uncountedAt = clock.now();
    unsent = unsent.slice(-maximumUnsent);
    if (unsent.length === 0) return Promise.resolve();
    return attempt("usage not stored", async () => {
      await storeTogether(unsent);
      unsent = [];
    });
  }

  function keepCa(): Promise<void> {
    return attempt("CA not kept current", async () => {
      if (await options.keepCa()) await hub.refresh();
    });
  }

  function withdrawKeys(): Promise<void> {
    return attempt("token keys not withdrawn", async () => {
      if (await signer.withdrawDue(spiffeId)) await hub.refresh();
    });
  }

  function storeTogether(usage: readonly UsageCounts[]): Promise<void> {
    return store.transaction(async (records) => {
      await recordUsage(records, spiffeId, usage);
      await records.auditLog.append(...options.denialLog.entries(spiffeId, usage, clock.now()));
    });
  }

  function pruneAll(): Promise<void> {
    return attempt("old records not pruned", async () => {
      const now = clock.now();
      await store.transaction(async (records) => {
        await prune(records, {
          now,
          retentionMs: options.auditRetentionMs,
          renewAfterExpiryMs: options.renewAfterExpiryMs,
          trustDomain: options.trustDomain,
          actor: spiffeId,
        });
        if (store.shared)
          await records.endpoints.share(spiffeId, options.endpoints, now, now - Math.max(goneMs, 4 * periodMs));
        await recordOwn(records, { spiffeId, endpoints: options.endpoints, now, uncountedAt, stopping: false });
      });
      await hub.refresh();
    });
  }

  function countRecords(): Promise<void> {
    return attempt("audit log not counted", async () => {
      const { checkpoint, head } = await store.auditLog.ends();
      options.counts.auditRecords = head.seq - checkpoint.seq;
    });
  }

  async function attempt(message: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const { message: detail, cause } = InterlockError.from(error);
      log.error(message, { error: detail, ...(cause instanceof Error && { cause: cause.message }) });
    }
  }

  return {
    async close() {
      clearInterval(timer);
      await Promise.all([flight, beating]);
      await storeUsage();
    },
  };
}
