import type { RateLimiter } from "@interlock/bot";
import { createRateLimiter, sourceOf } from "@interlock/bot/internal";
import { refuseLimited } from "../refuse-limited.js";

/**
 * Slows down addresses from which attempts to join or recover keep failing, names under which bots keep doing so, and expired
 * certificates that are shown again and again.
 */
export interface JoinLimits {
  /** Rejects with `RATE_LIMITED` where a name has joined or recovered too often. Counts nothing. */
  check(name: string, now: number): Promise<void>;
  /** Counts an attempt from an address (`host:port`) that has failed. Rejects with `RATE_LIMITED` where too many have failed from there. */
  failed(attempt: { readonly address: string }, now: number): Promise<void>;
  /** Counts a bot that has joined or recovered under `name`. */
  joined(name: string, now: number): Promise<void>;
  /**
   * Counts an expired certificate, by its serial number, whose key has been proved. Rejects with `RATE_LIMITED` where that was too
   * often. It does not count against the name: otherwise an old key that was stolen would keep the bot itself out.
   */
  proved(serial: string, now: number): Promise<void>;
}

const attemptsFailed = "too many attempts to join have failed; wait a minute, then use a new join token";
const certificateProved = "this certificate has been shown too often; wait a minute";
const nameJoined =
  "bots join under this name again and again; keep their stateDir, or give each instance a name of its own";

/**
 * Makes the limits of an authority, in memory, of 10,000 addresses, names and certificates each.
 *
 * By source (an IPv4 address, or the first 64 bits of an IPv6 address): 20 failures at once, and one more each second. A join
 * token that is good is taken whatever else comes from there, because a fleet may come from behind one address. By name, and by
 * expired certificate: 20 times at once, and 6 a minute. By name count only bots that were admitted, so that no one else keeps a
 * bot out.
 */
export function createJoinLimits(): JoinLimits {
  const failures: RateLimiter = createRateLimiter({ burst: 20, perSecond: 1 });
  const names: RateLimiter = createRateLimiter({ burst: 20, perSecond: 0.1 });
  const certificates: RateLimiter = createRateLimiter({ burst: 20, perSecond: 0.1 });
  return {
    async check(name, now) {
      refuseLimited(await names.peek(name, now), nameJoined);
    },
    async failed({ address }, now) {
      refuseLimited(await failures.take(hostOf(address), now), attemptsFailed);
    },
    async joined(name, now) {
      await names.take(name, now);
    },
    async proved(serial, now) {
      refuseLimited(await certificates.take(serial, now), certificateProved);
    },
  };
}

function hostOf(address: string): string {
  return sourceOf(address.slice(0, address.lastIndexOf(":")));
}
