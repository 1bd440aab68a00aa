import { caDigest, createRecorder, createServer, type Denial, InterlockError, type Unsubscribe } from "@interlock/bot";
import { AdminService, AuthorityService, EnrollmentService } from "@interlock/bot/protocol";
import { spiffeId } from "@interlock/policy";
import { openCaBook } from "./ca/ca-book.js";
import { createCaKeeper } from "./ca/keep-ca.js";
import { type AppliedGrants, openGrantBook } from "./grants/grant-book.js";
import { startHousekeeping } from "./housekeeping.js";
import { createJoinToken } from "./join-tokens/create-join-token.js";
import { createKeyVault } from "./key-vault/key-vault.js";
import { vaultInFolder } from "./key-vault/vault-in-folder.js";
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
import { openStore } from "./store/open-store.js";
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
  /** The root certificate, DER, below which the authority itself stands. */
  readonly caCertificate: Uint8Array;
  /** SHA-256 over that root certificate, as join tokens pin it. */
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
  const release = lockFolder(options.dataDir);
  let store: Store | undefined;
  try {
    store = await openStore(options.dataDir);
    return await startOn(store, options, release);
  } catch (error) {
    await store?.close();
    release();
    throw error;
  }
}

async function startOn(store: Store, options: CompleteOptions, release: () => void): Promise<Authority> {
  const {
    dataDir: folder,
    trustDomain,
    host,
    port,
    log,
    clock,
    leafTtlMs,
    tokenTtlMs,
    staleAfterMs,
    auditRetentionMs,
  } = options;
  await openFleet(store, options);
  const vault = createKeyVault(options.keyPassphrase);
  const self = spiffeId(trustDomain, authorityName);
  const keys = vaultInFolder(vault, folder);
  const caBasis = { store, keys, trustDomain, leafTtlMs, clock, log, self: self.uri };
  const ca = await openCaBook(caBasis);
  const signer = await loadOrCreateTokenSigner(folder, store, clock, vault);
  const grants = await openGrantBook(store);
  const identity = await createOwnIdentity(ca, trustDomain, clock);
  async function follow(): Promise<void> {
    await ca.reload();
    await identity.renewIfDue();
  }
  const hub = await openTrustHub(store, { trustDomain, issuer: self.uri, staleAfterMs, follow }, clock);
  const recorder = createRecorder();
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
    caBasis,
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
  await store.transaction((records) => records.endpoints.replace(self.uri, endpoints, clock.now()));
  const housekeeping = startHousekeeping({
    ...shared,
    identity,
    keepCa: createCaKeeper(caBasis),
    spiffeId: self.uri,
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
    await store.close();
    release();
  }

  return {
    address: server.address,
    port: server.port,
    trustDomain,
    get caCertificate() {
      return ca.pinned;
    },
    get caDigest() {
      return caDigest(ca.pinned);
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
    close: () => (closing ??= close()),
  };
}

/** Makes the folder this fleet's, or makes sure that it is. */
async function openFleet(store: Store, { dataDir, trustDomain, clock }: CompleteOptions): Promise<void> {
  const fleet = (await store.fleet.get()) ?? (await store.fleet.create(trustDomain, clock.now()));
  if (fleet.trustDomain !== trustDomain) {
    throw new InterlockError(
      "FAILED_PRECONDITION",
      `${dataDir} belongs to the trust domain "${fleet.trustDomain}", not "${trustDomain}". Use another data folder.`,
    );
  }
}
