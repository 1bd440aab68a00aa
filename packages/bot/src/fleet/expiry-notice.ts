import { createBackoff } from "../base/backoff.js";
import { InterlockError } from "../base/error.js";
import type { Log } from "../base/log.js";
import type { Identity } from "../identity/identity.js";

/** What a running bot says of its expired certificate, and how long it waits before each attempt to recover. */
export interface ExpiryNotice {
  /** Takes a failed attempt. Returns the time to the next one, in milliseconds. */
  failed(expired: Identity, thrown: unknown): number;
  /** Takes the new identity. */
  over(next: Identity): void;
}

/** The reasons and codes of an authority that is away, and has not refused. */
const away: ReadonlySet<string> = new Set(["AUTHORITY_UNREACHABLE", "STORE_UNREACHABLE", "UNAVAILABLE"]);

/** Creates the notice. Each reason is logged as an error once, with the remedy, until the bot has recovered. */
export function createExpiryNotice(log: Log): ExpiryNotice {
  const told = new Set<string>(); // Of the closed list of reasons, and gRPC's codes.
  // Short: without a certificate, a bot has nothing else to do.
  const soon = createBackoff({ firstMs: 400, maximumMs: 3_000 });
  const refused = createBackoff({ firstMs: 10_000, maximumMs: 60_000 });
  return {
    failed({ spiffeId: { name }, leaf }, thrown) {
      const { code, reason, message } = InterlockError.from(thrown);
      const key = reason ?? code;
      const isAway = away.has(key);
      if (!told.has(key)) {
        told.add(key);
        const expired = new Date(leaf.notAfter).toISOString();
        const wait = "none while the authority is away: this bot recovers once it is back. When it refuses: ";
        const remedy = `${isAway ? wait : ""}ask an operator for "interlock invite ${name}", and start this bot with that token`;
        log.error("certificate expired, not recovered", { name, expired, error: message, remedy });
      }
      return (isAway ? soon : refused).next();
    },
    over(next) {
      if (told.size > 0) log.info("certificate recovered", { name: next.spiffeId.name, serial: next.leaf.serial });
      told.clear();
      soon.reset();
      refused.reset();
    },
  };
}
