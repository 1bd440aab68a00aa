import { type Clock, jsonLog, type Log, systemClock } from "@interlock/bot";
import { maximumTokenLifetimeMs } from "@interlock/bot/internal";
import { isTrustDomain, type Rate } from "@interlock/policy";
import { type HttpsOptions, issuerOf } from "./http/https-options.js";

/** What an authority is started with. */
export interface AuthorityOptions {
  /**
   * Where everything is kept, on SQLite; made (mode 0700) when it is not there. Back it up: it is the fleet. Not needed
   * with `store`, where nothing is kept outside of that.
   */
  readonly dataDir?: string;
  /**
   * A PostgreSQL database, `postgres://user:password@host:port/database`, in which everything is kept instead. Any
   * number of authorities may share it, each with the same `keyPassphrase`, which it takes.
   */
  readonly store?: string;
  /** The fleet's trust domain, for example `cafe`. It cannot change later. */
  readonly trustDomain: string;
  /** Where to listen; `127.0.0.1` unless said. */
  readonly host?: string;
  /** 0 for any free one. */
  readonly port: number;
  /** Where the log goes; JSON lines on standard error unless said. */
  readonly log?: Log;
  readonly clock?: Clock;
  /** How long certificates are valid, in milliseconds: 1 hour unless said. */
  readonly leafTtlMs?: number;
  /** How long tokens live, in milliseconds: 5 minutes unless said, which is the most. */
  readonly tokenTtlMs?: number;
  /** How often one bot may ask for tokens: 200 at once, and 10 more each second, unless said. */
  readonly tokenRate?: Rate;
  /** After how long without a word from the authority a bot's trust is stale, in milliseconds: 1 minute unless said. */
  readonly staleAfterMs?: number;
  /** How long records of what is over stay, those of the audit log among them, in milliseconds: 400 days unless said. */
  readonly auditRetentionMs?: number;
  /**
   * Encrypts the private keys of the CA and of tokens where they are kept (scrypt, AES-256-GCM). Without it whoever reads
   * the data folder, or a backup of it, is the authority. Once given it is needed at every start.
   */
  readonly keyPassphrase?: string;
  /**
   * Speaks OAuth over HTTPS as well, for clients and gateways that know nothing of Interlock. Tokens name its issuer from
   * then on; those that are out there stay good.
   */
  readonly https?: HttpsOptions;
}

/** {@link AuthorityOptions} with everything said but what may be left out for good. */
export type CompleteOptions = Required<Omit<AuthorityOptions, Open>> & Pick<AuthorityOptions, Open>;
type Open = "dataDir" | "store" | "keyPassphrase" | "https";

/** Completes {@link AuthorityOptions}. Throws a `TypeError` that says what is wrong with them. */
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
    throw new TypeError("give dataDir, for SQLite, or store, for PostgreSQL");
  }
  if (options.store !== undefined && options.keyPassphrase === undefined) {
    throw new TypeError("a store on PostgreSQL takes a keyPassphrase: the private keys are in it");
  }
  if (!isTrustDomain(trustDomain)) {
    throw new TypeError(`"${trustDomain}" is no trust domain: use lower-case letters, digits, ".", "-" and "_"`);
  }
  if (!(leafTtlMs >= 1_000)) throw new TypeError("leafTtlMs must be at least 1,000");
  if (!(tokenTtlMs >= 1_000 && tokenTtlMs <= maximumTokenLifetimeMs)) {
    throw new TypeError(`tokenTtlMs must be from 1,000 to ${maximumTokenLifetimeMs}`);
  }
  const { burst, perSecond } = complete.tokenRate;
  if (!(burst >= 1 && perSecond > 0)) throw new TypeError("tokenRate must allow one at once, and some each second");
  if (!(staleAfterMs >= 1_000)) throw new TypeError("staleAfterMs must be at least 1,000");
  if (!(auditRetentionMs >= 60_000)) throw new TypeError("auditRetentionMs must be at least 60,000");
  if (options.https) issuerOf(options.https, complete.host, options.https.port); // It throws when that is none.
  if (options.keyPassphrase !== undefined && options.keyPassphrase.length < 12) {
    throw new TypeError("keyPassphrase must be at least 12 characters");
  }
  return complete;
}
