export { findRedis } from "./find-redis.js";
export { type RedisOptions, type RedisServer, startRedis } from "./start-redis.js";
