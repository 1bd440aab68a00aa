import { parseJoinToken } from "@interlock/bot";
import { createRateLimit } from "../rate-limit.js";

/** Slows down addresses whose attempts to join keep failing, and names under which bots join again and again. */
export interface JoinLimits {
  /** Throws `RATE_LIMITED` where an address, or a name, has too much behind it. */
  check(attempt: JoinAddress, now: number): void;
  failed(attempt: JoinAddress, now: number): void;
  /** A bot has joined under `name`. */
  joined(name: string, now: number): void;
}

interface JoinAddress {
  /** `host:port`. */
  readonly address: string;
  readonly joinToken: string;
  /** The name that is chosen; the token's own where it is empty. */
  readonly name: string;
}

/**
 * By address without its port: 20 failures at once, and one more each second; who succeeds is not limited, because a
 * fleet may come from behind one address. By name: 20 times at once, and 6 a minute; only those that had a good join
 * token count, so that no stranger keeps a bot out.
 */
export function createJoinLimits(): JoinLimits {
  const failures = createRateLimit(
    { burst: 20, perSecond: 1 },
    "too many attempts to join have failed; wait a minute, then use a new join token",
  );
  const names = createRateLimit(
    { burst: 20, perSecond: 0.1 },
    "bots join under this name again and again; keep their stateDir, or give each instance a name of its own",
  );
  return {
    check({ address, joinToken, name }, now) {
      failures.check(hostOf(address), now);
      names.check(name || (parseJoinToken(joinToken)?.name ?? ""), now);
    },
    failed: ({ address }, now) => failures.count(hostOf(address), now),
    joined: names.count,
  };
}

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(":"));
}
