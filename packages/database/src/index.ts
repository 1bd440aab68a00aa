export {
  type DatabaseAddress,
  type PostgresAddress,
  parseDatabaseUrl,
  parsePostgresUrl,
  type SqliteAddress,
} from "./address.js";
export type { Database } from "./database.js";
export { isDataFault } from "./is-data-fault.js";
export type { PostgresLimits } from "./postgres/limits.js";
export { openPostgres, type PostgresDatabase, type PostgresOptions } from "./postgres/open-postgres.js";
export { lockFolder } from "./sqlite/lock-folder.js";
export { openSqlite } from "./sqlite/open-sqlite.js";
export { snapshotSqlite } from "./sqlite/snapshot-sqlite.js";
export { fromSqlite } from "./store-fault.js";
export { serveThread } from "./thread/serve-thread.js";
export { type StoreThread, startThread, type ThreadMethods, type ThreadOptions } from "./thread/start-thread.js";
export { createTurns } from "./turns.js";
