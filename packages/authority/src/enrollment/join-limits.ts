import { parseJoinToken } from "@interlock/bot";
import { createRateLimiter, type RateLimiter, sourceOf } from "@interlock/bot/internal";
import { refuseLimited } from "../refuse-limited.js";

/** Slows down addresses from which attempts to join keep failing, and names under which bots join again and again. */
export interface JoinLimits {
  /** Rejects with `RATE_LIMITED` where a name has joined too often. Counts nothing. */
  check(attempt: JoinAddress, now: number): Promise<void>;
  /** Counts an attempt that has failed. Rejects with `RATE_LIMITED` where too many have failed from there. */
  failed(attempt: Pick<JoinAddress, "address">, now: number): Promise<void>;
  /** Counts a bot that has joined under `name`. */
  joined(name: string, now: number): Promise<void>;
}

interface JoinAddress {
  /** `host:port`. */
  readonly address: string;
  readonly joinToken: string;
  /** The name that is chosen. Where it is empty, the name is the token's. */
  readonly name: string;
}

const attemptsFailed = "too many attempts to join have failed; wait a minute, then use a new join token";
const nameJoined =
  "bots join under this name again and again; keep their stateDir, or give each instance a name of its own";

/**
 * Makes the limits of an authority, in memory, of 10,000 addresses and 10,000 names.
 *
 * By source (an IPv4 address, or the first 64 bits of an IPv6 address): 20 failures at once, and one more each second. A join
 * token that is good is taken whatever else comes from there, because a fleet may come from behind one address. By name: 20 times at once, and 6 a minute. Only attempts with a good join token count,
 * so that no stranger keeps a bot out.
 */
export function createJoinLimits(): JoinLimits {
  const failures: RateLimiter = createRateLimiter({ burst: 20, perSecond: 1 });
  const names: RateLimiter = createRateLimiter({ burst: 20, perSecond: 0.1 });
  return {
    async check({ joinToken, name }, now) {
      refuseLimited(await names.peek(name || (parseJoinToken(joinToken)?.name ?? ""), now), nameJoined);
    },
    async failed({ address }, now) {
      refuseLimited(await failures.take(hostOf(address), now), attemptsFailed);
    },
    async joined(name, now) {
      await names.take(name, now);
    },
  };
}

function hostOf(address: string): string {
  return sourceOf(address.slice(0, address.lastIndexOf(":")));
}
