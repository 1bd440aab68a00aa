import { caDigest, createRecorder, createServer, type Denial, InterlockError, type Unsubscribe } from "@interlock/bot";
import { AdminService, AuthorityService, EnrollmentService } from "@interlock/bot/protocol";
import { spiffeId } from "@interlock/policy";
import { loadOrCreateCa } from "./ca/load-or-create-ca.js";
import { coalesce } from "./coalesce.js";
import { type AppliedGrants, openGrantBook } from "./grants/grant-book.js";
import { startHousekeeping } from "./housekeeping.js";
import { createJoinToken } from "./join-tokens/create-join-token.js";
import { createKeyFolder } from "./key-vault/key-folder.js";
import { createKeyTable } from "./key-vault/key-table.js";
import { createKeyVault, type KeyVault } from "./key-vault/key-vault.js";
import { authorityName } from "./names.js";
import { type AuthorityOptions, type CompleteOptions, completeOptions } from "./options.js";
import { createOwnIdentity } from "./own-identity.js";
import { checkSubject, type RevocationSubject } from "./revocations/check-subject.js";
import { revoke } from "./revocations/revoke.js";
import { unlock } from "./revocations/unlock.js";
import { createAdminService } from "./services/admin-service.js";
import { createAuthorityService } from "./services/authority-service.js";
import { createEnrollmentService } from "./services/enrollment-service.js";
import { lockFolder } from "./store/lock-folder.js";
import { openSharedStore, openStore } from "./store/open-store.js";
import type { RevocationRow } from "./store/schema.js";
import type { Store } from "./store/store.js";
import { loadOrCreateTokenSigner } from "./tokens/token-signer.js";
import { openTrustHub } from "./trust-hub/trust-hub.js";

/** A running authority, as its own process sees it: whoever holds this may do everything. */
export interface Authority {
  /** `host:port`, what bots are given as `authority`. */
  readonly address: string;
  readonly port: number;
  readonly trustDomain: string;
  /** The root certificate, DER. */
  readonly caCertificate: Uint8Array;
  /** SHA-256 over the root certificate, as join tokens pin it. */
  readonly caDigest: Uint8Array;
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
  vault: KeyVault,
  options: CompleteOptions,
  release: () => void,
): Promise<Authority> {
  const { trustDomain, host, port, log, clock, leafTtlMs, tokenTtlMs, staleAfterMs, auditRetentionMs } = options;
  // Of several that start at once on a new store, one makes everything.
  const { ca, signer } = await store.exclusively(async () => {
    await openFleet(store, options);
    const ca = await loadOrCreateCa({ store, trustDomain, leafTtlMs, now: clock.now(), vault });
    return { ca, signer: await loadOrCreateTokenSigner(store, clock, vault) };
  });
  const grants = await openGrantBook(store);
  const self = spiffeId(trustDomain, authorityName);
  const basis = { trustDomain, issuer: self.uri, caCertificates: [ca.certificate], staleAfterMs };
  const hub = await openTrustHub(store, basis, clock);
  const identity = await createOwnIdentity(ca, trustDomain, clock);
  const recorder = createRecorder();
  const digest = caDigest(ca.certificate);
  const refresh = coalesce(async () => {
    await grants.refresh();
    await signer.refresh();
    await hub.refresh();
  });
  const stopWatching = store.onChange(() => {
    refresh().catch((error) => log.warn("store not read", { error: InterlockError.from(error).message }));
  });
  const own = () => ({ trustDomain, serial: identity.current().leaf.serial });

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
    tokenTtlMs,
    staleAfterMs,
    caDigest: digest,
    own,
  };
  const enrollment = createEnrollmentService(shared);
  const server = await createServer(
    { identity, trust: hub.trust, recorder, log, clock, host, port, enrollment },
    (routes) => {
      routes.add(AuthorityService, createAuthorityService(shared));
      routes.add(AdminService, createAdminService(shared));
    },
  );
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
    identity,
    spiffeId: self.uri,
    endpoints,
    leafTtlMs,
    staleAfterMs,
    auditRetentionMs,
  });
  log.info("authority started", { address: server.address, trustDomain });

  let closing: Promise<void> | undefined;
  async function close(): Promise<void> {
    hub.close(); // First: a server waits for streams that are open.
    await server.close();
    await housekeeping.close();
    if (store.shared) await store.endpoints.leave(self.uri, server.address).catch(() => {}); // Or it is forgotten later.
    stopWatching();
    await store.close();
    release();
  }

  return {
    address: server.address,
    port: server.port,
    trustDomain,
    caCertificate: ca.certificate,
    caDigest: digest,
    async createJoinToken(name, ttlMs) {
      const now = clock.now();
      return (await createJoinToken({ store, trustDomain, caDigest: digest, name, ttlMs, now, by: self.uri }))
        .joinToken;
    },
    async applyGrants(yaml) {
      const applied = await grants.apply(yaml, self.uri, clock.now());
      await hub.refresh();
      return applied;
    },
    revoke: async (subject, reason) => revoke(shared, checkSubject(subject, own()), reason, clock.now(), self.uri),
    unlock: async (subject) => unlock(shared, checkSubject(subject, own()), clock.now(), self.uri),
    onDenial: recorder.onDenial,
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
