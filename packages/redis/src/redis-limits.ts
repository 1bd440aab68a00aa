import { type CreateRateLimiter, jsonLog, type Observable } from "@interlock/bot";
import { checkLog, createRateLimiter, type LocalRateLimiter } from "@interlock/bot/internal";
import { openConnection } from "./connection.js";
import { type LimitsState, openLink } from "./link.js";
import { checkOptions, type RedisLimitsOptions } from "./options.js";
import { readRedisUrl } from "./redis-address.js";
import { createSharedLimiter, type SharedLimiter } from "./shared-limiter.js";
import { createSweeper } from "./sweeper.js";

/** Limits that several processes hold together. Made by {@link redisLimits}. */
export interface RedisLimits {
  /** For the option of the same name of `bot.serve`. */
  readonly createLimiter: CreateRateLimiter;
  /** Whether the limits are shared now. A server can show it in its health. */
  readonly state: Observable<LimitsState>;
  /**
   * Gives back what was taken and not used, for a second at most, and closes the connection. Close the bot before: limiters that
   * are used afterwards go on as if Redis were away.
   */
  close(): Promise<void>;
}

/** Milliseconds for a connection and the log-in; only the start waits for it, and the probes in the background. */
const connectMs = 2_000;
const closeMs = 1_000;
/** What a refused call is told to wait, with `whenDown: "refuse"`. */
const refusedMs = 1_000;

/**
 * Connects to a Redis (version 5 or later) by which several processes hold their limits together.
 *
 * Each process takes the tokens of a bot in batches, a hundredth of what its rate allows within a second, so that most calls are
 * decided without a round trip. When Redis does not answer in time, the process goes on alone, and no further call waits for it; it
 * finds out in the background when Redis is back. That holds for the start as well: it takes two seconds at most.
 *
 * @param options - The Redis, and the name of the limits.
 * @returns The limits.
 * @throws InterlockError `INVALID_ARGUMENT` for an option that cannot be right; never because Redis is away.
 *
 * @example
 * ```ts
 * const limits = await redisLimits({ url: "redis://127.0.0.1:6379", prefix: "gripper" });
 * const server = await bot.serve({ port: 50051, createLimiter: limits.createLimiter }, (routes) =>
 *   routes.add(GripperService, gripper),
 * );
 * limits.state.onChange((state) => server.setHealth("interlock.limits", state === "shared"));
 * ```
 */
export async function redisLimits(options: RedisLimitsOptions): Promise<RedisLimits> {
  checkOptions(options);
  const { url, prefix, timeoutMs = 50, whenDown = "local", ca, log = jsonLog } = options;
  checkLog(log);
  const address = readRedisUrl(url);
  const link = await openLink({
    open: () => openConnection(address, { ca, connectMs }),
    timeoutMs,
    prefix,
    log,
    fields: { redis: address.shown, prefix, whenDown },
  });
  const sweeper = createSweeper();
  return {
    state: link.state,
    createLimiter(rate, purpose) {
      const alone = whenDown === "local" ? createRateLimiter(rate) : refusing;
      const onUse = () => sweeper.add(limiter);
      const limiter: SharedLimiter = createSharedLimiter(rate, purpose, { link, prefix, alone, onUse });
      return limiter;
    },
    async close() {
      await sweeper.close(closeMs);
      link.close();
    },
  };
}

const refusing: LocalRateLimiter = { take: () => refusedMs, peek: () => refusedMs };
