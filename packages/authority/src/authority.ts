import { type BotServer, type Denial, InterlockError, type Unsubscribe } from "@interlock/bot";
import { caDigest, createRecorder, createServer } from "@interlock/bot/internal";
import { AdminService, AuthorityService, EnrollmentService } from "@interlock/bot/protocol";
import { spiffeId } from "@interlock/policy";
import { openCertificateAuthority } from "./ca/certificate-authority.js";
import { caHealthName, createCaKeeper } from "./ca/keep-ca.js";
import { coalesce } from "./coalesce.js";
import { createCertificateUse } from "./enrollment/certificate-use.js";
import { type AppliedGrants, openGrantStore } from "./grants/grant-store.js";
import { startHousekeeping } from "./housekeeping.js";
import { hostsOf } from "./http/https-options.js";
import { openOAuthServer } from "./http/oauth-server.js";
import { createJoinToken } from "./join-tokens/create-join-token.js";
import { createKeyFolder } from "./key-vault/key-folder.js";
import { createKeyTable } from "./key-vault/key-table.js";
import { createKeyVault, type KeyVault } from "./key-vault/key-vault.js";
import { authorityName } from "./names.js";
import { type AuthorityOptions, type CompleteOptions, completeOptions } from "./options.js";
import { createOwnIdentity } from "./own-identity.js";
import { checkSubject, type RevocationSubject } from "./revocations/check-subject.js";
import { revoke } from "./revocations/revoke.js";
import { unlock } from "./revocations/unrevoke.js";
import { createAdminService } from "./services/admin-service.js";
import { createAuthorityService } from "./services/authority-service.js";
import { createEnrollmentService } from "./services/enrollment-service.js";
import { lockFolder } from "./store/lock-folder.js";
import { openSharedStore, openStore } from "./store/open-store.js";
import type { RevocationRow } from "./store/schema.js";
import type { Store } from "./store/store.js";
import { createAuthorityCounts } from "./telemetry/authority-counts.js";
import { observeAuthority } from "./telemetry/observe-authority.js";
import { claimIssuer } from "./tokens/claim-issuer.js";
import { createTokenIssuer, type TokenNotice } from "./tokens/token-issuer.js";
import { loadOrCreateTokenSigner } from "./tokens/token-signer.js";
import { openTrustHub } from "./trust-hub/trust-hub.js";

/** Every bot of the fleet keeps one, and for a moment two; one file descriptor each. */
const maximumConnections = 32_768;

/** A running authority, as its own process sees it: whoever holds this may do everything. */
export interface Authority {
  /** `host:port`, what bots are given as `authority`. */
  readonly address: string;
  readonly port: number;
  readonly trustDomain: string;
  /** The `iss` of every token; the URL of the OAuth endpoints, where there are any. */
  readonly issuer: string;
  /** The root certificate, DER, below which the authority itself stands. */
  readonly caCertificate: Uint8Array;
  /** SHA-256 over that root certificate, as join tokens pin it. */
  readonly caDigest: Uint8Array;
  /** The version of the trust, which counts up with every change of it. */
  readonly trustVersion: bigint;
  /** Makes a token with which one bot can join once, within `ttlMs` (15 minutes unless said, 7 days at most). */
  createJoinToken(name: string, ttlMs?: number): Promise<string>;
  /** Replaces the grants with those of a grants.yaml. Rejects with `GRANTS_INVALID`, and then nothing has changed. */
  applyGrants(yaml: string): Promise<AppliedGrants>;
  /** Locks a bot, a pattern, a certificate or a token out. Resolves once that is on the disk and on its way to every bot. */
  revoke(subject: RevocationSubject, reason: string): Promise<RevocationRow>;
  /** Takes a lock off again. Rejects with `NOT_FOUND` when there is none. */
  unlock(subject: RevocationSubject): Promise<RevocationRow>;
  /** Tells of everything that the authority refuses. */
  onDenial(listener: (denial: Denial) => void): Unsubscribe;
  /** Tells of every token that this authority hands out: to whom, for what and until when. */
  onToken(listener: (token: TokenNotice) => void): Unsubscribe;
  /** Ends the streams, lets calls finish, and leaves the data folder to the next. */
  close(): Promise<void>;
}

/**
 * Starts an authority. The first start on a data folder makes everything; later ones find it there.
 *
 * ```ts
 * const authority = await startAuthority({ dataDir: ".interlock/authority", trustDomain: "cafe", port: 7443 });
 * const joinToken = await authority.createJoinToken("gripper/1");
 * ```
 *
 * Rejects when another authority runs on the folder, when the folder is another fleet's, when something is missing from
 * it, and when the port is taken.
 */
export async function startAuthority(given: AuthorityOptions): Promise<Authority> {
  const options = completeOptions(given);
  const { dataDir, store: url, log } = options;
  const release = dataDir === undefined ? () => {} : lockFolder(dataDir);
  let store: Store | undefined;
  try {
    store = dataDir === undefined ? await openSharedStore(url as string, log) : await openStore(dataDir);
    const place = dataDir === undefined ? createKeyTable(store.privateKeys) : createKeyFolder(dataDir);
    return await startOn(store, createKeyVault(place, options.keyPassphrase), options, release);
  } catch (error) {
    await store?.close();
    release();
    throw error;
  }
}

async function startOn(
  store: Store,
  keys: KeyVault,
  options: CompleteOptions,
  release: () => void,
): Promise<Authority> {
  const { trustDomain, host, port, log, clock, leafTtlMs, staleAfterMs, auditRetentionMs, https } = options;
  const self = spiffeId(trustDomain, authorityName);
  const caBasis = { store, keys, trustDomain, leafTtlMs, clock, log, self: self.uri };
  // Of several that start at once on a new store, one makes everything.
  const { ca, signer } = await store.exclusively(async () => {
    await openFleet(store, options);
    return { ca: await openCertificateAuthority(caBasis), signer: await loadOrCreateTokenSigner(store, clock, keys) };
  });
  const grants = await openGrantStore(store);
  const hosts = https ? hostsOf(https, https.host ?? host) : [];
  const identity = await createOwnIdentity(ca, trustDomain, clock, hosts);
  async function follow(): Promise<void> {
    await ca.reload();
    await identity.renewIfDue();
  }
  const hub = await openTrustHub(store, { trustDomain, issuer: self.uri, staleAfterMs, follow }, clock);
  const recorder = createRecorder();
  const refresh = coalesce(async () => {
    await grants.refresh();
    await signer.refresh();
    await hub.refresh();
  });
  const stopWatching = store.onChange(() => {
    refresh().catch((error) => log.warn("store not read", { error: InterlockError.from(error).message }));
  });
  const own = () => ({ trustDomain, serial: identity.current().leaf.serial });
  const certificateUse = createCertificateUse(store);
  const counts = createAuthorityCounts();
  const { tokenTtlMs, tokenRate } = options;
  const desk = createTokenIssuer({ store, grants, signer, hub, certificateUse, counts, clock, tokenTtlMs, tokenRate });

  const shared = {
    store,
    ca,
    trustDomain,
    grants,
    signer,
    hub,
    clock,
    log,
    recorder,
    certificateUse,
    desk,
    counts,
    identity,
    staleAfterMs,
    caBasis,
    own,
  };
  const oauthServer =
    https &&
    (await openOAuthServer({
      ...shared,
      https,
      host,
      identity,
      revokeToken({ jti, expiresAt }, by) {
        const subject = checkSubject({ kind: "token", subject: jti }, own());
        return revoke(shared, subject, "revoked by its owner", clock.now(), by, expiresAt);
      },
    }));
  const enrollment = createEnrollmentService(shared);
  async function open(): Promise<BotServer> {
    await claimIssuer(store, { issuer: oauthServer?.issuer, spiffeId: self.uri, now: clock.now() });
    await hub.refresh();
    const parts = { identity, trust: hub.trust, recorder, log, clock, host, port, maximumConnections, enrollment };
    return createServer(parts, (routes) => {
      // A report has up to 1,000 rows.
      routes.add(AuthorityService, createAuthorityService(shared), { requestBytes: { report: 1_048_576 } });
      routes.add(AdminService, createAdminService(shared));
    });
  }
  const server = await open().catch(async (error) => {
    await oauthServer?.close();
    throw error;
  });
  const endpoints = [...server.services, EnrollmentService.name].map((service) => ({
    service,
    address: server.address,
  }));
  await store.transaction(async (records) => {
    if (store.shared) await records.endpoints.share(self.uri, endpoints, clock.now(), 0);
    else await records.endpoints.replace(self.uri, endpoints, clock.now());
  });
  const housekeeping = startHousekeeping({
    ...shared,
    refresh,
    keepCa: createCaKeeper(caBasis, (warnings) => server.setHealth(caHealthName, warnings.length === 0)),
    server,
    oauthServer,
    spiffeId: self.uri,
    endpoints,
    leafTtlMs,
    staleAfterMs,
    auditRetentionMs,
  });
  const stopObserving = observeAuthority({ ...shared, server });
  const { issuer } = hub.trust.state;
  log.info("authority started", { address: server.address, trustDomain, issuer });

  let closing: Promise<void> | undefined;
  async function close(): Promise<void> {
    hub.close(); // First: a server waits for streams that are open.
    await Promise.all([server.close(), oauthServer?.close()]);
    await housekeeping.close();
    if (store.shared) await store.endpoints.leave(self.uri, server.address).catch(() => {}); // Or it is forgotten later.
    stopWatching();
    stopObserving();
    await store.close();
    release();
  }

  return {
    address: server.address,
    port: server.port,
    trustDomain,
    issuer,
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
      const token = { store, trustDomain, caDigest: caDigest(ca.pinned), name, ttlMs, now, by: self.uri };
      return (await createJoinToken(token)).joinToken;
    },
    async applyGrants(yaml) {
      const applied = await grants.apply(yaml, self.uri, clock.now());
      await hub.refresh();
      return applied;
    },
    revoke: async (subject, reason) => revoke(shared, checkSubject(subject, own()), reason, clock.now(), self.uri),
    unlock: async (subject) => unlock(shared, checkSubject(subject, own()), clock.now(), self.uri),
    onDenial: recorder.onDenial,
    onToken: desk.onToken,
    close: () => (closing ??= close()),
  };
}

/** Makes the folder this fleet's, or makes sure that it is. */
async function openFleet(store: Store, { dataDir = "The store", trustDomain, clock }: CompleteOptions): Promise<void> {
  const fleet = (await store.fleet.get()) ?? (await store.fleet.create(trustDomain, clock.now()));
  if (fleet.trustDomain !== trustDomain) {
    throw new InterlockError(
      "FAILED_PRECONDITION",
      `${dataDir} belongs to the trust domain "${fleet.trustDomain}", not "${trustDomain}". Use another.`,
    );
  }
}
