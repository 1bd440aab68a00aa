import { jsonLog } from "@interlock/bot";
import { openPostgres, type PostgresAddress, type PostgresDatabase } from "@interlock/database";
import type { Schema } from "./schema.js";

// An advisory lock is a number that a database uses for nothing else. This is "ILKt".
const starting = 0x494c_4b74;

// A leader that hangs must not hold what the next one waits for.
const limits = { connections: 4, statementMs: 5_000, idleInTransactionMs: 2_000, queryMs: 7_000 };

/** Opens the PostgreSQL database of tasks. Any number of leaders may do so. */
export function openTaskDatabase(address: PostgresAddress): Promise<PostgresDatabase<Schema>> {
  const options = { application: "interlock swarm", startLock: starting, limits, log: jsonLog };
  return openPostgres<Schema>(address, options);
}
