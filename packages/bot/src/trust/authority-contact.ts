import type { Clock } from "../base/clock.js";
import { denial, InterlockError } from "../base/error.js";
import type { Log } from "../base/log.js";
import type { Reason } from "../base/reason.js";
import { createListeners, type Unsubscribe } from "../base/subscription.js";

/** Whether the authority can be reached, as all that talks to it has found. */
export interface AuthorityContact {
  /** `host:port` of the authority; of several, joined by commas. */
  readonly address: string;
  /** Since when it has not been reached, in milliseconds since the epoch; `undefined` while it is. */
  readonly awaySince: number | undefined;
  /** Says that the authority has answered. */
  reached(): void;
  /**
   * Says that an attempt has failed. Another error than that of an authority that cannot be reached changes nothing.
   *
   * @param since - When the authority was last heard, in milliseconds since the epoch. Default: now.
   * @returns Whether the authority could not be reached.
   */
  missed(error: unknown, since?: number): boolean;
  /** Gives the error of an attempt as one that names the authority, since when it is away, and `need`, which failed. */
  explain(error: unknown, need: string): InterlockError;
  /** Calls `listener` when the authority cannot be reached any more (true), and when it is reached again (false). */
  onChange(listener: (away: boolean) => void): Unsubscribe;
}

/**
 * Watches the contact with an authority, and logs the beginning and the end of each outage: once, not per attempt.
 *
 * @param question - What to look at when it does not answer, for the log and in each error. Default: whether it runs, in the log alone.
 */
export function createAuthorityContact(address: string, clock: Clock, log: Log, question?: string): AuthorityContact {
  const listeners = createListeners<boolean>();
  let awaySince: number | undefined;

  return {
    address,
    get awaySince() {
      return awaySince;
    },
    reached() {
      if (awaySince === undefined) return;
      const awaySeconds = Math.round(Math.max(0, clock.now() - awaySince) / 1_000);
      awaySince = undefined;
      log.info("connected again", { authority: address, awaySeconds });
      listeners.tell(false);
    },
    missed(error, since = clock.now()) {
      if (!isUnreachable(error)) return false;
      if (awaySince !== undefined) return true;
      awaySince = since;
      const remedy = `${question ?? 'is "interlock up" running there?'} Retrying until it answers`;
      log.warn("authority unreachable", { authority: address, since: iso(since), error: messageOf(error), remedy });
      listeners.tell(true);
      return true;
    },
    explain(thrown, need) {
      const error = InterlockError.from(thrown);
      const { code, metadata: found } = error;
      const since = awaySince === undefined ? undefined : iso(awaySince);
      const metadata = { ...found, authority: address, ...(since !== undefined && { since }) };
      const cause = error;
      if (isUnreachable(error)) {
        const when = since === undefined ? "" : `, since ${since}`;
        const detail = `${need} from the authority at ${address}${when}${question === undefined ? "" : `; ${question}`}`;
        return denial("AUTHORITY_UNREACHABLE", detail, metadata, cause);
      }
      if (code !== "UNAVAILABLE") return error; // An answer, which says enough.
      const message = `${need} from the authority at ${address}: ${error.message}`;
      return new InterlockError(code, message, { ...(error.reason && { reason: error.reason }), metadata, cause });
    },
    onChange: listeners.add,
  };
}

/**
 * Whether the error of a call means that no server was there to answer it. One that was refused in the handshake, or that
 * answered for its store, was there.
 */
function isUnreachable(thrown: unknown): boolean {
  const { code, reason } = InterlockError.from(thrown);
  if (reason !== undefined && !silent.has(reason)) return false;
  return code === "UNAVAILABLE" || code === "DEADLINE_EXCEEDED";
}

const silent: ReadonlySet<string> = new Set<Reason>(["SERVER_UNREACHABLE", "AUTHORITY_UNREACHABLE"]);

function iso(at: number): string {
  return new Date(at).toISOString();
}

function messageOf(thrown: unknown): string {
  return InterlockError.from(thrown).message;
}
