/** What Redis answers to a request for tokens. */
export interface Lease {
  /** How many tokens were taken: as many as were asked for, or as there were. */
  readonly granted: number;
  /** Milliseconds until there is a token in the bucket again; 0 when there is one. */
  readonly waitMs: number;
}

/**
 * Takes tokens from a bucket, in one step and by the clock of Redis. A bucket is one number: the time at which it will be full, in
 * microseconds. It expires when it is full.
 *
 * - `KEYS[1]`: the bucket
 * - `ARGV`: tokens a second; the tokens of a full bucket; how many to take. 0 takes none, a number below gives back.
 *
 * A time further ahead than an empty bucket's is cut: the clock of Redis may have been set back. `%.17g`, because Lua would write
 * 14 digits.
 */
export const leaseScript = `
local time = redis.call("TIME")
local now = time[1] * 1000000 + time[2]
local each = 1000000 / tonumber(ARGV[1])
local burst = tonumber(ARGV[2])
local granted = tonumber(ARGV[3])
local full = tonumber(redis.call("GET", KEYS[1]) or now) or now
full = math.max(now, math.min(full, now + burst * each))
local there = burst - (full - now) / each
granted = math.min(granted, math.floor(there + 0.000001))
if granted ~= 0 then
  full = full + granted * each
  there = there - granted
  if full > now then
    redis.call("SET", KEYS[1], string.format("%.17g", full), "PX", math.ceil((full - now) / 1000))
  else
    redis.call("DEL", KEYS[1])
  end
end
return { granted, math.ceil(math.max(0, 0.999999 - there) * each / 1000) }
`;
