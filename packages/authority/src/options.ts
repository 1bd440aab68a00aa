import { type Clock, jsonLog, type Log, systemClock } from "@interlock/bot";
import {
  checkLog,
  createReachableAddress,
  maximumTokenLifetimeMs,
  namedLog,
  reachableHost,
  readAddress,
  readInterface,
} from "@interlock/bot/internal";
import { parsePostgresUrl } from "@interlock/database";
import { isIdentityPattern, isTrustDomain, type Rate } from "@interlock/policy";
import type { DailyAudit } from "./audit-runs/daily-audit.js";
import { maximumLeafTtlMs, minimumLeafTtlMs } from "./ca/leaf-ttl.js";
import { type HttpsOptions, issuerOf } from "./http/https-options.js";
import { authorityName } from "./names.js";

const dayMs = 24 * 3_600_000;

/** How many patterns `leafTtlsMs` can have. */
const maximumLeafTtls = 100;

/** The options of an authority. */
export interface AuthorityOptions {
  /**
   * The data folder with an SQLite database and the private keys. It is created (mode 0700) if necessary. Back it up:
   * it is the fleet. Give either `dataDir` or `store`.
   */
  readonly dataDir?: string;
  /**
   * The URL of a PostgreSQL database, `postgres://user:password@host:port/database`, that holds all data instead. Any
   * number of authorities may share it, each with the same `keyPassphrase`, which is required then.
   */
  readonly store?: string;
  /** The fleet's trust domain, for example `cafe`. It cannot change later. */
  readonly trustDomain: string;
  /** The interface to listen on; `0.0.0.0` or `::` for every one. Default: `127.0.0.1`, which only this machine reaches. */
  readonly host?: string;
  /**
   * `host` or `host:port` at which bots reach the authority, for example `auth.cafe.example`. Default: `host`; on every
   * interface, the address of this machine, if it has only one.
   */
  readonly advertise?: string;
  /** The gRPC port; 0 for any free port. */
  readonly port: number;
  /** The log. Default: JSON lines on standard error. */
  readonly log?: Log;
  /** The clock. Default: the system's clock. */
  readonly clock?: Clock;
  /** How long certificates are valid, in milliseconds, from 1,000 to 30 days. Default: 3,600,000 (1 hour). */
  readonly leafTtlMs?: number;
  /**
   * How long the certificates of some bots are valid, in milliseconds, by identity pattern: `{ "robot/*": 259_200_000 }`. The
   * first pattern that matches decides, at most 100. Default: none.
   */
  readonly leafTtlsMs?: Readonly<Record<string, number>>;
  /**
   * How long after its end a certificate can be renewed by its bot, in milliseconds, at most 400 days; 0 for never. Default:
   * 2,592,000,000 (30 days).
   */
  readonly renewAfterExpiryMs?: number;
  /**
   * How long tokens are valid, in milliseconds, at most 600,000. Default: 600,000 (10 minutes). Clients renew them after two
   * fifths of that; what is left is how long an outage of the authority fails no call.
   */
  readonly tokenTtlMs?: number;
  /** How often one bot may request tokens. Default: 200 at once, and 10 per second. */
  readonly tokenRate?: Rate;
  /**
   * How long a bot's trust may go without a message from the authority before it is stale, in milliseconds. Default:
   * 60,000.
   */
  readonly staleAfterMs?: number;
  /** How long old records are kept, the audit log included, in milliseconds. Default: 400 days. */
  readonly auditRetentionMs?: number;
  /**
   * The passphrase that encrypts the stored private keys (scrypt, AES-256-GCM), at least 12 characters. Without it,
   * read access to the data folder or a backup is enough to act as the authority. Once given, it is required at every
   * start.
   */
  readonly keyPassphrase?: string;
  /**
   * A file of join rules (YAML): the Kubernetes clusters whose pods join without a join token, and under which names. It is
   * read at the start. Default: none.
   */
  readonly joins?: string;
  /**
   * Serves OAuth over HTTPS, too, for clients and gateways without Interlock. New tokens name its issuer; earlier
   * tokens stay valid. Default: no OAuth server.
   */
  readonly https?: HttpsOptions;
  /** Judges the fleet once a day; the results are kept for 400 days, and measured. Default: no daily audit. */
  readonly dailyAudit?: DailyAudit;
}

/** {@link AuthorityOptions} with the defaults filled in. */
export type CompleteOptions = Required<Omit<AuthorityOptions, Open>> &
  Pick<AuthorityOptions, Open> & {
    /** The host at which others reach its HTTPS port. */
    readonly publicHost: string;
    /** Returns the address at which others reach it when it listens on `port`. */
    addressAt(port: number): string;
  };
type Open = "dataDir" | "store" | "keyPassphrase" | "joins" | "https" | "advertise" | "dailyAudit";

/**
 * Fills in the defaults of {@link AuthorityOptions}. Rejects with a `TypeError` that names a wrong option; as
 * `createReachableAddress` does, when nothing tells at which address bots reach the authority.
 */
export async function completeOptions(options: AuthorityOptions): Promise<CompleteOptions> {
  const { log = jsonLog } = options;
  checkLog(log);
  const host = readInterface(options.host ?? "127.0.0.1");
  if (options.store !== undefined) parsePostgresUrl(options.store); // It throws for one that is malformed.
  const addressAt = await createReachableAddress({ host, advertise: options.advertise });
  const httpsHost = options.https?.host === undefined ? undefined : readInterface(options.https.host);
  const own = options.advertise === undefined ? httpsHost : undefined;
  const publicHost = own === undefined ? readAddress(addressAt(1)).host : await reachableHost(own);
  const complete = {
    clock: systemClock,
    leafTtlMs: 3_600_000,
    leafTtlsMs: {},
    renewAfterExpiryMs: 30 * dayMs,
    tokenTtlMs: maximumTokenLifetimeMs,
    tokenRate: { burst: 200, perSecond: 10 },
    staleAfterMs: 60_000,
    auditRetentionMs: 400 * dayMs,
    ...options,
    ...(options.https && httpsHost !== undefined && { https: { ...options.https, host: httpsHost } }),
    host,
    log: namedLog(log, authorityName),
    addressAt,
    publicHost,
  };
  const { trustDomain, leafTtlMs, tokenTtlMs, staleAfterMs, auditRetentionMs } = complete;
  if ((options.store === undefined) === (options.dataDir === undefined)) {
    throw new TypeError("give either dataDir, for SQLite, or store, for PostgreSQL");
  }
  if (options.store !== undefined && options.keyPassphrase === undefined) {
    throw new TypeError(
      "a store on PostgreSQL requires a keyPassphrase (--key-file or INTERLOCK_KEY_PASSPHRASE), because it holds the private keys",
    );
  }
  if (!isTrustDomain(trustDomain)) {
    throw new TypeError(`"${trustDomain}" is not a trust domain: use lower-case letters, digits, ".", "-" and "_"`);
  }
  if (trustDomain.startsWith(".")) {
    // RFC 5280, section 4.2.1.10: such a name constraint permits the hosts below it, and not the trust domain itself.
    const instead = trustDomain.replace(/^\.+/, "") || "fleet";
    throw new TypeError(`a trust domain cannot begin with a dot: use another, such as "${instead}"`);
  }
  checkLeafTtl("leafTtlMs (--certificate-ttl)", leafTtlMs);
  checkLeafTtls(complete.leafTtlsMs);
  if (!(complete.renewAfterExpiryMs >= 0 && complete.renewAfterExpiryMs <= 400 * dayMs)) {
    throw new TypeError("renewAfterExpiryMs (--renew-after-expiry) must be from 0 to 34,560,000,000 (400 days)");
  }
  if (!(tokenTtlMs >= 1_000 && tokenTtlMs <= maximumTokenLifetimeMs)) {
    throw new TypeError(`tokenTtlMs must be from 1,000 to ${maximumTokenLifetimeMs}`);
  }
  const { burst, perSecond } = complete.tokenRate;
  if (!(burst >= 1 && perSecond > 0))
    throw new TypeError("tokenRate must have a burst of at least 1, and more than 0 per second");
  if (!(staleAfterMs >= 1_000)) throw new TypeError("staleAfterMs must be at least 1,000");
  if (!(auditRetentionMs >= 60_000)) throw new TypeError("auditRetentionMs must be at least 60,000");
  const { firstAfterMs = 0 } = options.dailyAudit ?? {};
  if (!(firstAfterMs >= 0 && firstAfterMs <= dayMs))
    throw new TypeError("dailyAudit.firstAfterMs (--first-audit) must be from 0 to 86,400,000 (1 day)");
  if (options.https) issuerOf(options.https, publicHost, options.https.port); // It throws for an unusable issuer.
  if (options.keyPassphrase !== undefined && options.keyPassphrase.length < 12) {
    throw new TypeError("keyPassphrase must be at least 12 characters");
  }
  return complete;
}

function checkLeafTtl(option: string, ttlMs: number): void {
  if (ttlMs >= minimumLeafTtlMs && ttlMs <= maximumLeafTtlMs) return;
  throw new TypeError(
    `${option} must be from 1,000 (1 second) to 2,592,000,000 (30 days): an intermediate is renewed when it has 30 days left`,
  );
}

function checkLeafTtls(ttlsMs: Readonly<Record<string, number>>): void {
  const entries = Object.entries(ttlsMs);
  if (entries.length > maximumLeafTtls) throw new TypeError(`leafTtlsMs can have at most ${maximumLeafTtls} patterns`);
  for (const [pattern, ttlMs] of entries) {
    if (!isIdentityPattern(pattern)) {
      throw new TypeError(`leafTtlsMs: "${pattern}" is not an identity pattern: write a name, or for example robot/*`);
    }
    checkLeafTtl(`leafTtlsMs of "${pattern}" (--certificate-ttl)`, ttlMs);
  }
}
