import { type Denial, InterlockError, type Unsubscribe } from "@interlock/bot";
import { caDigest, logDenials } from "@interlock/bot/internal";
import type { Metrics } from "@interlock/bot/metrics";
import { EnrollmentService } from "@interlock/bot/protocol";
import { lockFolder } from "@interlock/database";
import { createAdminReader } from "./audit-runs/admin-reader.js";
import { startAuditSchedule } from "./audit-runs/audit-schedule.js";
import { caHealthName, createCaKeeper } from "./ca/keep-ca.js";
import { makeOperator } from "./enrollment/make-operator.js";
import type { AppliedGrants } from "./grants/grant-store.js";
import { startHousekeeping } from "./housekeeping.js";
import { createJoinToken } from "./join-tokens/create-join-token.js";
import { createKeyFolder } from "./key-vault/key-folder.js";
import { createKeyTable } from "./key-vault/key-table.js";
import { createKeyVault } from "./key-vault/key-vault.js";
import { type AuthorityOptions, type CompleteOptions, completeOptions } from "./options.js";
import { type AuthorityParts, buildParts } from "./parts.js";
import { recordOwn } from "./reports/record-own.js";
import { checkSubject, type RevocationSubject } from "./revocations/check-subject.js";
import { revoke } from "./revocations/revoke.js";
import { unrevoke } from "./revocations/unrevoke.js";
import { openServers } from "./servers.js";
import { openSharedStore, openStore } from "./store/open-store.js";
import type { EndpointRow, RevocationRow } from "./store/schema.js";
import type { Store } from "./store/store.js";
import { observeAuthority } from "./telemetry/observe-authority.js";
import type { TokenNotice } from "./tokens/token-issuer.js";

/** A running authority in its own process. Its holder may do everything that an operator may. */
export interface Authority {
  /** `host:port` at which bots reach it: the address that they are given as `authority`. */
  readonly address: string;
  /** The gRPC port. */
  readonly port: number;
  /** The fleet's trust domain. */
  readonly trustDomain: string;
  /** The `iss` of every token; with the option `https`, the URL of the OAuth endpoints. */
  readonly issuer: string;
  /** What can be measured of the authority; `serveMetrics` of `@interlock/bot/metrics` serves it to Prometheus. */
  readonly metrics: Metrics;
  /** The root certificate, DER, above the authority's own certificate. */
  readonly caCertificate: Uint8Array;
  /** SHA-256 over that root certificate, as join tokens pin it. */
  readonly caDigest: Uint8Array;
  /** The version of the trust, which increases with every change of it. */
  readonly trustVersion: bigint;
  /**
   * Creates a join token for one bot and one use.
   *
   * @param name - The bot's name, for example `gripper/1`.
   * @param ttlMs - How long the token is valid, in milliseconds, at most 7 days. Default: 900,000 (15 minutes).
   * @returns The join token: one line that begins with `ILK1-`.
   * @throws InterlockError `INVALID_ARGUMENT` for a malformed or reserved name and for a lifetime out of range;
   *   `IDENTITY_REVOKED` for a revoked name.
   */
  createJoinToken(name: string, ttlMs?: number): Promise<string>;
  /**
   * Makes a working operator of a name, whatever was done to it: ends a revocation of its name or of a pattern, and creates a
   * join token. Other bots that the pattern revoked stay revoked, by their names.
   *
   * @param name - `operator/NAME`.
   * @returns The join token.
   * @throws InterlockError `INVALID_ARGUMENT` for a name that is no operator's.
   */
  makeOperator(name: string): Promise<string>;
  /**
   * Replaces the grants with those of a grants file.
   *
   * @param yaml - The content of the file.
   * @returns What has changed, and the version in force now.
   * @throws InterlockError `GRANTS_INVALID`; then nothing is changed.
   */
  applyGrants(yaml: string): Promise<AppliedGrants>;
  /**
   * Revokes a bot, a pattern, a certificate or a token.
   *
   * @param subject - What to revoke.
   * @param reason - Why, for the record.
   * @returns The record, once the revocation is on the disk and on its way to every bot.
   * @throws InterlockError `INVALID_ARGUMENT` for a malformed subject, and for the authority itself.
   *
   * @example
   * ```ts
   * await authority.revoke({ kind: "identity", subject: "spiffe://cafe/gripper/1" }, "stolen");
   * ```
   */
  revoke(subject: RevocationSubject, reason: string): Promise<RevocationRow>;
  /**
   * Ends a revocation.
   *
   * @param subject - What to unrevoke, exactly as it was revoked.
   * @returns The record of the ended revocation.
   * @throws InterlockError `NOT_FOUND` when the subject is not revoked.
   */
  unrevoke(subject: RevocationSubject): Promise<RevocationRow>;
  /**
   * Calls `listener` for everything that the authority refuses.
   *
   * @param listener - Gets the denial with its reason.
   * @returns A function that ends the subscription.
   */
  onDenial(listener: (denial: Denial) => void): Unsubscribe;
  /**
   * Calls `listener` for every token that this authority issues.
   *
   * @param listener - Gets the notice, without the token itself.
   * @returns A function that ends the subscription.
   */
  onToken(listener: (token: TokenNotice) => void): Unsubscribe;
  /** Ends the streams, lets calls finish, and releases the data folder. */
  close(): Promise<void>;
}

/** Starts an authority; see `on-demand.ts`. */
export async function startAuthority(given: AuthorityOptions): Promise<Authority> {
  const options = await completeOptions(given);
  const { dataDir, store: url, log } = options;
  const release = dataDir === undefined ? () => {} : lockFolder(dataDir, "authority");
  let store: Store | undefined;
  try {
    store = dataDir === undefined ? await openSharedStore(url as string, log) : await openStore(dataDir);
    const place = dataDir === undefined ? createKeyTable(store.privateKeys) : createKeyFolder(dataDir);
    const parts = await buildParts(store, createKeyVault(place, options.keyPassphrase), options);
    return await run(parts, options, release);
  } catch (error) {
    await store?.close();
    release();
    throw error;
  }
}

/** Runs an authority until it is closed. */
async function run(parts: AuthorityParts, options: CompleteOptions, release: () => void): Promise<Authority> {
  const { store, ca, caBasis, grants, hub, tokenIssuer, recorder, trustDomain, clock, log, own, refresh } = parts;
  const { self } = caBasis;
  const stopWatching = store.onChange(() => {
    refresh().catch((error) => log.warn("store not read", { error: InterlockError.from(error).message }));
  });
  const servers = await openServers(parts, options);
  const { server, oauthServer } = servers;
  const address = options.addressAt(server.port);
  const endpoints = [...server.services, EnrollmentService.name].map((service) => {
    return { service, address };
  });
  await recordEndpoints(parts, endpoints);
  const housekeeping = startHousekeeping({
    ...parts,
    keepCa: createCaKeeper(caBasis, (warnings) => server.setHealth(caHealthName, warnings.length === 0)),
    server,
    oauthServer,
    spiffeId: self,
    endpoints,
    leafTtlMs: options.leafTtlMs,
    auditRetentionMs: options.auditRetentionMs,
  });
  const { dailyAudit } = options;
  const audits = dailyAudit && startAuditSchedule({ ...parts, dailyAudit, admin: createAdminReader(parts) });
  const stopLogging = logDenials(recorder, log);
  const metrics = observeAuthority({ ...parts, server });
  const { issuer } = hub.trust.state;
  log.info("authority started", { address, listensOn: server.address, trustDomain, issuer });

  let closing: Promise<void> | undefined;
  async function close(): Promise<void> {
    hub.close(); // First: a server waits for open streams.
    await Promise.all([servers.close(), audits?.close(), parts.bundles.close()]);
    await housekeeping.close();
    // If this fails, another authority removes the endpoints later.
    if (store.shared) await store.endpoints.leave(self, address).catch(() => {});
    const own = { spiffeId: self, endpoints: [], now: clock.now(), stopping: true };
    await store.transaction((records) => recordOwn(records, own)).catch(() => {});
    stopWatching();
    stopLogging();
    metrics.stop();
    await store.close();
    release();
  }

  return {
    address,
    port: server.port,
    trustDomain,
    issuer,
    metrics,
    get caCertificate() {
      return ca.pinned;
    },
    get caDigest() {
      return caDigest(ca.pinned);
    },
    get trustVersion() {
      return hub.trust.state.version;
    },
    async createJoinToken(name, ttlMs) {
      const now = clock.now();
      const token = { store, trustDomain, caDigest: caDigest(ca.pinned), name, ttlMs, now, by: self };
      return (await createJoinToken(token)).joinToken;
    },
    async makeOperator(name) {
      return makeOperator({ store, hub, trustDomain, caDigest: caDigest(ca.pinned), name, now: clock.now(), by: self });
    },
    async applyGrants(yaml) {
      const applied = await grants.apply(yaml, self, clock.now());
      await hub.refresh();
      return applied;
    },
    revoke: async (subject, reason) => revoke(parts, checkSubject(subject, own()), reason, clock.now(), self),
    unrevoke: async (subject) => unrevoke(parts, checkSubject(subject, own()), clock.now(), self),
    onDenial: recorder.onDenial,
    onToken: tokenIssuer.onToken,
    close: () => (closing ??= close()),
  };
}

type Endpoints = readonly Pick<EndpointRow, "service" | "address">[];

/**
 * Records where the authority itself is served. Authorities on a shared store have one identity and several addresses.
 */
async function recordEndpoints(
  { store, caBasis: { self }, clock }: AuthorityParts,
  endpoints: Endpoints,
): Promise<void> {
  await store.transaction(async (records) => {
    if (store.shared) await records.endpoints.share(self, endpoints, clock.now(), 0);
    else await records.endpoints.replace(self, endpoints, clock.now());
    await recordOwn(records, { spiffeId: self, endpoints, now: clock.now(), stopping: false });
  });
}
