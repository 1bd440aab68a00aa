import { InterlockError, type Log } from "@interlock/bot";

/** The options of `redisLimits`. */
export interface RedisLimitsOptions {
  /** `redis://user:password@host:6379/0`, or `rediss://` for TLS. */
  readonly url: string;
  /**
   * The name of the limits: processes with the same one share them. One for each bot that runs several times, such as
   * `"gateway"`; 1 to 64 letters, digits, `.`, `-` and `_`.
   */
  readonly prefix: string;
  /** How long Redis may take for an answer, in milliseconds, before the process goes on alone. Default: 50. */
  readonly timeoutMs?: number | undefined;
  /**
   * What happens while Redis is away. `"local"`: each process holds the limits by itself, so that several of them together let
   * through several times as much. `"refuse"`: each call that has a limit is refused with `RATE_LIMITED`, which is every call of a
   * server. Default: `"local"`.
   */
  readonly whenDown?: "local" | "refuse" | undefined;
  /** The CA certificates of a `rediss://` server, PEM. Default: those that Node trusts. */
  readonly ca?: string | Buffer | undefined;
  /** Gets one line when Redis is away, and one when it is back. Default: JSON lines on standard error. */
  readonly log?: Log | undefined;
}

/** Checks what types do not. Throws an InterlockError `INVALID_ARGUMENT`. */
export function checkOptions({ prefix, timeoutMs, whenDown }: Omit<RedisLimitsOptions, "url">): void {
  if (!/^[\w.-]{1,64}$/.test(prefix)) {
    throw invalid(`"${String(prefix).slice(0, 64)}" is no prefix: give 1 to 64 letters, digits, ".", "-" and "_"`);
  }
  if (timeoutMs !== undefined && !(timeoutMs >= 1 && timeoutMs <= 10_000)) {
    throw invalid("timeoutMs is a number from 1 to 10,000");
  }
  if (whenDown !== undefined && whenDown !== "local" && whenDown !== "refuse") {
    throw invalid('whenDown is "local" or "refuse"');
  }
}

function invalid(fault: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", `The limits over Redis: ${fault}.`);
}
