import { type Clock, InterlockError, type Log } from "@interlock/bot";
import { createRecorder, type Recorder } from "@interlock/bot/internal";
import { EnrollmentService } from "@interlock/bot/protocol";
import { spiffeId } from "@interlock/policy";
import { createDenialLog, type DenialLog } from "./audit-log/denial-log.js";
import type { CaBasis } from "./ca/ca-basis.js";
import { type CertificateAuthority, openCertificateAuthority } from "./ca/certificate-authority.js";
import { coalesce } from "./coalesce.js";
import { type CertificateUse, createCertificateUse } from "./enrollment/certificate-use.js";
import { type CloneAlarm, createCloneAlarm } from "./enrollment/revoke-clone.js";
import { type Bundles, openBundles } from "./federation/bundles.js";
import { type GrantStore, openGrantStore } from "./grants/grant-store.js";
import { hostsOf } from "./http/https-options.js";
import type { KeyVault } from "./key-vault/key-vault.js";
import { authorityName } from "./names.js";
import type { CompleteOptions } from "./options.js";
import { createOwnIdentity, type OwnIdentity } from "./own-identity.js";
import { createSignOfLife, type SignOfLife } from "./reports/sign-of-life.js";
import type { Own } from "./revocations/check-subject.js";
import type { Store } from "./store/store.js";
import { type AuthorityCounts, createAuthorityCounts } from "./telemetry/authority-counts.js";
import { timeTransactions } from "./telemetry/time-transactions.js";
import { createTokenIssuer, type TokenIssuer } from "./tokens/token-issuer.js";
import { loadOrCreateTokenSigner, type TokenSigner } from "./tokens/token-signer.js";
import { openTrustHub, type TrustHub } from "./trust-hub/trust-hub.js";
import { openWorkloadDoor, type WorkloadDoor } from "./workloads/workload-door.js";

/** The maximum number of addresses that a bot which joins is given. */
const maximumAddresses = 16;

/** The parts of an authority. Each service and server takes those that it needs. */
export interface AuthorityParts {
  readonly store: Store;
  readonly ca: CertificateAuthority;
  readonly caBasis: CaBasis;
  readonly grants: GrantStore;
  readonly signer: TokenSigner;
  readonly hub: TrustHub;
  readonly bundles: Bundles;
  readonly tokenIssuer: TokenIssuer;
  readonly certificateUse: CertificateUse;
  readonly cloneAlarm: CloneAlarm;
  readonly workloadDoor: WorkloadDoor;
  readonly recorder: Recorder;
  readonly denialLog: DenialLog;
  readonly counts: AuthorityCounts;
  readonly signOfLife: SignOfLife;
  /** The authority's own identity. */
  readonly identity: OwnIdentity;
  readonly trustDomain: string;
  readonly staleAfterMs: number;
  /** How long usage is kept after it was last added to, in milliseconds. */
  readonly usageRetentionMs: number;
  readonly renewAfterExpiryMs: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Returns the authority's own trust domain and certificate, which cannot be revoked. */
  own(): Own;
  /** Returns the addresses at which bots reach the authorities on the store: 16 at most. */
  addresses(): Promise<readonly string[]>;
  /** Loads what other authorities have changed in the store. */
  refresh(): Promise<void>;
}

/** Builds the parts of an authority on a store. The first call on a store creates the fleet, the CA and a token key. */
export async function buildParts(opened: Store, keys: KeyVault, options: CompleteOptions): Promise<AuthorityParts> {
  const counts = createAuthorityCounts();
  const store = timeTransactions(opened, counts);
  const { trustDomain, publicHost, host, https, leafTtlMs, leafTtlsMs } = options;
  const { tokenTtlMs, tokenRate, staleAfterMs, auditRetentionMs: usageRetentionMs, clock, log } = options;
  const self = spiffeId(trustDomain, authorityName).uri;
  const workloadDoor = await openWorkloadDoor({ file: options.joins, audience: self, clock, log });
  const caBasis: CaBasis = { store, keys, trustDomain, leafTtl: { leafTtlMs, leafTtlsMs }, clock, log, self };
  // When several authorities start at once on a new store, one of them creates everything.
  const { ca, signer } = await store.exclusively(async () => {
    await openFleet(store, options);
    return { ca: await openCertificateAuthority(caBasis), signer: await loadOrCreateTokenSigner(store, clock, keys) };
  });
  const grants = await openGrantStore(store);
  const hosts = https ? hostsOf(https, publicHost, https.host ?? host) : [];
  const identity = await createOwnIdentity(ca, trustDomain, clock, hosts);
  async function follow(): Promise<void> {
    await ca.reload();
    await identity.renewIfDue();
  }
  const hub = await openTrustHub(store, { trustDomain, issuer: self, staleAfterMs, follow }, clock);
  const bundles = openBundles({ store, hub, self, clock, log });
  const cloneAlarm = createCloneAlarm(hub, log);
  const certificateUse = createCertificateUse({ store, clock, alarm: cloneAlarm });
  const tokenIssuer = createTokenIssuer({
    store,
    grants,
    signer,
    hub,
    certificateUse,
    counts,
    clock,
    tokenTtlMs,
    tokenRate,
  });
  const refresh = coalesce(async () => {
    await Promise.all([grants.refresh(), signer.refresh()]);
    await hub.refresh();
  });
  return {
    store,
    ca,
    caBasis,
    grants,
    signer,
    hub,
    bundles,
    tokenIssuer,
    certificateUse,
    cloneAlarm,
    workloadDoor,
    recorder: createRecorder(),
    denialLog: createDenialLog(),
    counts,
    signOfLife: createSignOfLife(clock),
    identity,
    trustDomain,
    staleAfterMs,
    usageRetentionMs,
    renewAfterExpiryMs: options.renewAfterExpiryMs,
    clock,
    log,
    own: () => ({
      trustDomain,
      isFederated: (domain) => hub.trust.state.federated?.some((one) => one.trustDomain === domain) ?? false,
      serial: identity.current().leaf.serial,
    }),
    async addresses() {
      const found = await store.endpoints.find(EnrollmentService.name, { after: undefined, limit: maximumAddresses });
      return found.map(({ address }) => address);
    },
    refresh,
  };
}

/** Creates the record of the fleet in a new store, or checks that the store belongs to this fleet. */
async function openFleet(store: Store, { dataDir = "The store", trustDomain, clock }: CompleteOptions): Promise<void> {
  const fleet = (await store.fleet.get()) ?? (await store.fleet.create(trustDomain, clock.now()));
  if (fleet.trustDomain !== trustDomain) {
    throw new InterlockError(
      "FAILED_PRECONDITION",
      `${dataDir} belongs to the trust domain "${fleet.trustDomain}", not "${trustDomain}". Use another.`,
    );
  }
}
