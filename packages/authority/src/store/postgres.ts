import { randomUUID } from "node:crypto";
import type { Log } from "@interlock/bot";
import { openPostgres as openDatabase, parsePostgresUrl } from "@interlock/database";
import type { Engine } from "./engine.js";
import type { Schema } from "./schema.js";

const channel = "interlock_authority";

// Advisory locks are numbers that a database uses for nothing else. These are "ILKw" and "ILKs".
const writing = 0x494c_4b77;
const starting = 0x494c_4b73;

// An authority that hangs, or is stopped, must not hold what the others wait for.
const limits = { connections: 10, statementMs: 15_000, idleInTransactionMs: 15_000, queryMs: 20_000 };

/**
 * Opens a PostgreSQL database that exists, empty or one of ours. Any number of authorities may do so: they write one at a
 * time, over all of them, as with SQLite. So a transaction sees everything before it, versions are committed in their
 * order, and no two ever count the same thing.
 *
 * Rejects with `INVALID_ARGUMENT`, `UNAVAILABLE` or `FAILED_PRECONDITION`; the password is in none of them.
 */
export async function openPostgres(address: string, log: Log): Promise<Engine> {
  const options = { application: "interlock authority", startLock: starting, limits, log };
  const database = await openDatabase<Schema>(parsePostgresUrl(address), options);
  const self = randomUUID();
  const listeners = new Set<() => void>();
  let listening = false;
  // This authority knows its own changes; and what they end, such as the call that made them, is ended after its answer.
  const tell = (announcer?: string) => {
    if (announcer === self) return;
    for (const each of listeners) each();
  };

  return {
    db: database.db,
    shared: true,
    beginWriting: (transaction) => database.lock(transaction, writing),
    announce: (transaction) => database.notify(transaction, channel, self),
    onChange(each) {
      listeners.add(each);
      if (!listening) database.listen(channel, tell);
      listening = true;
      return () => listeners.delete(each);
    },
    exclusively: database.exclusively,
    close: database.close,
  };
}
