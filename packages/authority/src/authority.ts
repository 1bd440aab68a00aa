import { type Denial, InterlockError, type Unsubscribe } from "@interlock/bot";
import { caDigest } from "@interlock/bot/internal";
import { EnrollmentService } from "@interlock/bot/protocol";
import { lockFolder } from "@interlock/database";
import { caHealthName, createCaKeeper } from "./ca/keep-ca.js";
import type { AppliedGrants } from "./grants/grant-store.js";
import { startHousekeeping } from "./housekeeping.js";
import { createJoinToken } from "./join-tokens/create-join-token.js";
import { createKeyFolder } from "./key-vault/key-folder.js";
import { createKeyTable } from "./key-vault/key-table.js";
import { createKeyVault } from "./key-vault/key-vault.js";
import { type AuthorityOptions, type CompleteOptions, completeOptions } from "./options.js";
import { type AuthorityParts, buildParts } from "./parts.js";
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
  /** `host:port`, the address that bots are given as `authority`. */
  readonly address: string;
  /** The gRPC port. */
  readonly port: number;
  /** The fleet's trust domain. */
  readonly trustDomain: string;
  /** The `iss` of every token; with the option `https`, the URL of the OAuth endpoints. */
  readonly issuer: string;
  /** The root certificate, DER, above the authority's own certificate. */
  readonly caCertificate: Uint8Array;
  /** SHA-256 over that root certificate, as join tokens pin it. */
  readonly caDigest: Uint8Array;
  /** The version of the trust, which increases with every change of it. */
  readonly trustVersion: bigint;
  /**
   * Creates a join token for one bot and one use.
   *
   * @param name The bot's name, for example `gripper/1`.
   * @param ttlMs How long the token is valid, at most 7 days. Default: 15 minutes.
   */
  createJoinToken(name: string, ttlMs?: number): Promise<string>;
  /** Replaces the grants with those of a grants file. Rejects with `GRANTS_INVALID`, and then changes nothing. */
  applyGrants(yaml: string): Promise<AppliedGrants>;
  /**
   * Revokes a bot, a pattern, a certificate or a token. Resolves once that is on the disk and on its way to every bot.
   */
  revoke(subject: RevocationSubject, reason: string): Promise<RevocationRow>;
  /** Ends a revocation. Rejects with `NOT_FOUND` when the subject is not revoked. */
  unrevoke(subject: RevocationSubject): Promise<RevocationRow>;
  /** Calls `listener` for everything that the authority refuses. */
  onDenial(listener: (denial: Denial) => void): Unsubscribe;
  /** Calls `listener` for every token that this authority issues. */
  onToken(listener: (token: TokenNotice) => void): Unsubscribe;
  /** Ends the streams, lets calls finish, and releases the data folder. */
  close(): Promise<void>;
}

/**
 * Starts an authority. The first start on a data folder creates the fleet there; later starts load it.
 *
 * @throws InterlockError when another authority runs on the folder, when the folder belongs to another fleet, when
 *   something is missing from it, and when the port is in use; TypeError for a wrong option.
 * @example
 * ```ts
 * const authority = await startAuthority({ dataDir: ".interlock/authority", trustDomain: "cafe", port: 7443 });
 * const joinToken = await authority.createJoinToken("gripper/1");
 * ```
 */
export async function startAuthority(given: AuthorityOptions): Promise<Authority> {
  const options = completeOptions(given);
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
  const endpoints = [...server.services, EnrollmentService.name].map((service) => {
    return { service, address: server.address };
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
  const stopObserving = observeAuthority({ ...parts, server });
  const { issuer } = hub.trust.state;
  log.info("authority started", { address: server.address, trustDomain, issuer });

  let closing: Promise<void> | undefined;
  async function close(): Promise<void> {
    hub.close(); // First: a server waits for open streams.
    await servers.close();
    await housekeeping.close();
    // If this fails, another authority removes the endpoints later.
    if (store.shared) await store.endpoints.leave(self, server.address).catch(() => {});
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
      const token = { store, trustDomain, caDigest: caDigest(ca.pinned), name, ttlMs, now, by: self };
      return (await createJoinToken(token)).joinToken;
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
  });
}
