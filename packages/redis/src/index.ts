export type { LimitsState } from "./link.js";
export type { RedisLimitsOptions } from "./options.js";
export { type RedisLimits, redisLimits } from "./redis-limits.js";
