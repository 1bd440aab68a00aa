import { type Clock, jsonLog, type Log, systemClock } from "@interlock/bot";
import { maximumTokenLifetimeMs } from "@interlock/bot/internal";
import { isTrustDomain, type Rate } from "@interlock/policy";
import { type HttpsOptions, issuerOf } from "./http/https-options.js";

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
  /** The interface to listen on. Default: `127.0.0.1`. */
  readonly host?: string;
  /** The gRPC port; 0 for any free port. */
  readonly port: number;
  /** The log. Default: JSON lines on standard error. */
  readonly log?: Log;
  /** The clock. Default: the system's clock. */
  readonly clock?: Clock;
  /** How long certificates are valid, in milliseconds. Default: 3,600,000 (1 hour). */
  readonly leafTtlMs?: number;
  /** How long tokens are valid, in milliseconds, at most 300,000. Default: 300,000 (5 minutes). */
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
   * Serves OAuth over HTTPS, too, for clients and gateways without Interlock. New tokens name its issuer; earlier
   * tokens stay valid. Default: no OAuth server.
   */
  readonly https?: HttpsOptions;
}

/** {@link AuthorityOptions} with the defaults filled in. */
export type CompleteOptions = Required<Omit<AuthorityOptions, Open>> & Pick<AuthorityOptions, Open>;
type Open = "dataDir" | "store" | "keyPassphrase" | "https";

/** Fills in the defaults of {@link AuthorityOptions}. Throws a `TypeError` that names a wrong option. */
export function completeOptions(options: AuthorityOptions): CompleteOptions {
  const complete = {
    host: "127.0.0.1",
    log: jsonLog,
    clock: systemClock,
    leafTtlMs: 3_600_000,
    tokenTtlMs: maximumTokenLifetimeMs,
    tokenRate: { burst: 200, perSecond: 10 },
    staleAfterMs: 60_000,
    auditRetentionMs: 400 * 24 * 3_600_000,
    ...options,
  };
  const { trustDomain, leafTtlMs, tokenTtlMs, staleAfterMs, auditRetentionMs } = complete;
  if ((options.store === undefined) === (options.dataDir === undefined)) {
    throw new TypeError("give either dataDir, for SQLite, or store, for PostgreSQL");
  }
  if (options.store !== undefined && options.keyPassphrase === undefined) {
    throw new TypeError("a store on PostgreSQL requires a keyPassphrase, because it holds the private keys");
  }
  if (!isTrustDomain(trustDomain)) {
    throw new TypeError(`"${trustDomain}" is not a trust domain: use lower-case letters, digits, ".", "-" and "_"`);
  }
  if (!(leafTtlMs >= 1_000)) throw new TypeError("leafTtlMs must be at least 1,000");
  if (!(tokenTtlMs >= 1_000 && tokenTtlMs <= maximumTokenLifetimeMs)) {
    throw new TypeError(`tokenTtlMs must be from 1,000 to ${maximumTokenLifetimeMs}`);
  }
  const { burst, perSecond } = complete.tokenRate;
  if (!(burst >= 1 && perSecond > 0))
    throw new TypeError("tokenRate must have a burst of at least 1, and more than 0 per second");
  if (!(staleAfterMs >= 1_000)) throw new TypeError("staleAfterMs must be at least 1,000");
  if (!(auditRetentionMs >= 60_000)) throw new TypeError("auditRetentionMs must be at least 60,000");
  if (options.https) issuerOf(options.https, complete.host, options.https.port); // It throws for an unusable issuer.
  if (options.keyPassphrase !== undefined && options.keyPassphrase.length < 12) {
    throw new TypeError("keyPassphrase must be at least 12 characters");
  }
  return complete;
}
