import { randomUUID } from "node:crypto";
import { type Database, isDataFault } from "@interlock/database";
import { type Kysely, sql, type Transaction } from "kysely";
import { swarmError } from "../swarm-error.js";
import { storableText } from "../text.js";
import { createPutTasks } from "./put-tasks.js";
import type { Schema } from "./schema.js";
import type { AuditEntry, Batch, StoredTask, TaskStore, Written } from "./task-store.js";

const rowsAtOnce = 500;
const auditKept = 10_000;

/** Creates a store of tasks over a migrated database; SQLite and PostgreSQL share all of it. */
export function createTaskStore({ db, now, locksRows, close }: Database<Schema>): TaskStore {
  const putTasks = createPutTasks(db);
  // Built once, as the statements of `putTasks` are; their parameters are replaced.
  const lead = db.updateTable("leadership").where("id", "=", 1).where("epoch", "=", 0);
  const hold = lead.set((e) => ({ leadsUntil: e.ref("leadsUntil") })).compile();
  const extend = lead.set((e) => ({ leadsUntil: e(now, "+", 0) })).compile();
  let unpruned = 0;
  /** The latest batch. */
  let latest: Promise<unknown> = Promise.resolve();
  /** The latest epoch in which a batch was not written. */
  let brokenEpoch = 0;

  /** Runs `work` in one transaction, during which no other leader can take over. */
  function leading<T>(
    epoch: number,
    forMs: number | undefined,
    work: (transaction: Transaction<Schema>) => Promise<T>,
  ): Promise<T> {
    return db.transaction().execute(async (transaction) => {
      // The row stays locked until the transaction ends. Writing it first also keeps SQLite from starting as a reader.
      const statement =
        forMs === undefined ? { ...hold, parameters: [1, epoch] } : { ...extend, parameters: [forMs, 1, epoch] };
      const { numAffectedRows } = await transaction.executeQuery(statement);
      if (numAffectedRows !== 1n) throw swarmError("LEADER_STANDBY");
      return work(transaction);
    });
  }

  /**
   * Writes a batch. With `apart`, each task and each entry of the audit has a savepoint of its own, and those that the
   * database cannot hold are left out.
   */
  async function write(transaction: Transaction<Schema>, batch: Batch, apart: boolean): Promise<Written> {
    const { tasks, claims, forgotten, audit, keys = [], keysForgottenTo = 0 } = batch;
    const skipped = locksRows && claims.length > 0 ? await lockedByOthers(transaction, claims) : none;
    // Deletes first, because a new task may use the key of a forgotten one.
    for (const some of chunks(forgotten)) {
      await transaction.deleteFrom("tasks").where("taskId", "in", some).execute();
      await transaction.deleteFrom("payloads").where("taskId", "in", some).execute();
    }
    if (keysForgottenTo > 0) {
      await transaction.deleteFrom("forgottenKeys").where("sequence", "<=", keysForgottenTo).execute();
    }
    for (const each of keys) {
      await transaction
        .insertInto("forgottenKeys")
        .values({ ...each, keys: Buffer.from(each.keys) })
        .execute();
    }
    const given = skipped.size > 0 ? tasks.filter(({ taskId }) => !skipped.has(taskId)) : tasks;
    let refused: StoredTask[] = [];
    if (apart) {
      refused = await eachApart(transaction, given, (each) => putTasks(transaction, [each]));
      await eachApart(transaction, audit, (each) => addAudit(transaction, [each]));
    } else {
      await putTasks(transaction, given);
      await addAudit(transaction, audit);
    }
    await prune(transaction, audit.length);
    return { skipped: [...skipped], refused: refused.map(({ taskId }) => taskId) };
  }

  /** Prunes the audit once in a while; `added` entries are new. */
  async function prune(transaction: Transaction<Schema>, added: number): Promise<void> {
    unpruned += added;
    if (unpruned < auditKept / 10) return;
    await pruneAudit(transaction);
    unpruned = 0;
  }

  return {
    async acquire(holder, forMs) {
      const row = await db
        .updateTable("leadership")
        .set((e) => ({ epoch: e("epoch", "+", 1), holder, leadsUntil: e(now, "+", forMs) }))
        .where("id", "=", 1)
        .where((e) => e.or([e("leadsUntil", "<=", now), e("holder", "=", holder)]))
        .returning("epoch")
        .executeTakeFirst();
      return row?.epoch;
    },
    async release(epoch) {
      await latest; // A batch that is written later would extend the lead again.
      await db
        .updateTable("leadership")
        .set({ leadsUntil: 0, holder: "" })
        .where("id", "=", 1)
        .where("epoch", "=", epoch)
        .execute();
    },
    inherit: (epoch) =>
      leading(epoch, undefined, async (transaction) => {
        await pruneAudit(transaction);
        const tasks = await transaction
          .selectFrom("tasks")
          .leftJoin("payloads", (join) =>
            join.onRef("payloads.taskId", "=", "tasks.taskId").on("tasks.payloadApart", "=", 1),
          )
          .selectAll("tasks")
          .select("payload")
          .orderBy("sequence")
          .execute();
        const stop = await transaction
          .selectFrom("stops")
          .select(["stopId", "issuer", "reason", "issuedAt"])
          .where("resetAt", "is", null)
          .orderBy("issuedAt", "desc")
          .executeTakeFirst();
        const keys = await transaction.selectFrom("forgottenKeys").selectAll().orderBy("sequence").execute();
        // libsql gives bytes as an ArrayBuffer.
        return {
          tasks: tasks.map(({ payload, payloadApart, ...each }) => ({
            ...each,
            task: new Uint8Array(each.task),
            payloadApart: payloadApart === 1 ? 1 : 0,
            payload: payload ? new Uint8Array(payload) : undefined,
          })),
          stop,
          keys: keys.map((each) => ({ ...each, keys: new Uint8Array(each.keys) })),
        };
      }),
    commit(epoch, batch, forMs) {
      const written = latest.then(async () => {
        if (epoch <= brokenEpoch) throw swarmError("LEADER_STANDBY");
        try {
          return await leading(epoch, forMs, (transaction) => write(transaction, batch, false));
        } catch (error) {
          // One value that the database cannot hold: the rest is written without it.
          if (!isDataFault(error)) throw error;
          return leading(epoch, forMs, (transaction) => write(transaction, batch, true));
        }
      });
      latest = written.catch(() => {
        brokenEpoch = Math.max(brokenEpoch, epoch);
      });
      return written;
    },
    latch: (epoch, { stopId, issuer, reason: said, issuedAt }) =>
      leading(epoch, undefined, async (transaction) => {
        const reason = storableText(said, said.length); // Whatever it was told, a stop is written.
        await transaction
          .insertInto("stops")
          .values({ stopId, issuer, reason, issuedAt, resetAt: null, resetBy: "", resetReason: "" })
          .onConflict((c) => c.column("stopId").doNothing())
          .execute();
        const entry = {
          at: issuedAt,
          kind: "stop" as const,
          actor: issuer,
          subject: stopId,
          attempt: 0,
          leaseToken: 0,
          reason,
        };
        await addAudit(transaction, [entry]);
        await prune(transaction, 1);
      }),
    reset: (epoch, stopId, { actor, reason: said, at }) =>
      leading(epoch, undefined, async (transaction) => {
        const reason = storableText(said, said.length);
        await transaction
          .updateTable("stops")
          .set({ resetAt: at, resetBy: actor, resetReason: reason })
          .where("resetAt", "is", null)
          .execute();
        await addAudit(transaction, [{ at, kind: "reset", actor, subject: stopId, attempt: 0, leaseToken: 0, reason }]);
        await prune(transaction, 1);
      }),
    audit: (limit, kind) =>
      db
        .selectFrom("audit")
        .select(["at", "kind", "actor", "subject", "attempt", "leaseToken", "reason"])
        .where((e) => (kind === undefined ? e.lit(true) : e("kind", "=", kind)))
        .orderBy("at", "desc")
        .orderBy("id")
        .limit(limit)
        .execute(),
    close,
  };
}

const none: ReadonlySet<string> = new Set();

/** Writes each item behind a savepoint of its own, and gives those that the database cannot hold. */
async function eachApart<T>(
  transaction: Transaction<Schema>,
  items: readonly T[],
  write: (item: T) => Promise<void>,
): Promise<T[]> {
  const refused: T[] = [];
  for (const item of items) {
    await sql`savepoint apart`.execute(transaction);
    try {
      await write(item);
    } catch (error) {
      if (!isDataFault(error)) throw error;
      await sql`rollback to savepoint apart`.execute(transaction);
      refused.push(item);
    }
    await sql`release savepoint apart`.execute(transaction);
  }
  return refused;
}

/** Locks the rows of these tasks, and gives those that another connection has locked: it waits for none of them. */
async function lockedByOthers(db: Kysely<Schema>, taskIds: readonly string[]): Promise<ReadonlySet<string>> {
  const left = new Set(taskIds);
  for (const some of chunks(taskIds)) {
    const query = db.selectFrom("tasks").select("taskId").where("taskId", "in", some).forUpdate().skipLocked();
    for (const { taskId } of await query.execute()) left.delete(taskId);
  }
  return left;
}

async function addAudit(db: Kysely<Schema>, audit: readonly AuditEntry[]): Promise<void> {
  for (const some of chunks(audit)) {
    await db
      .insertInto("audit")
      .values(some.map((each) => ({ id: randomUUID(), ...each })))
      .execute();
  }
}

/** Refusals have a ring of their own, so that they push out no stop and no reset. */
async function pruneAudit(db: Kysely<Schema>): Promise<void> {
  for (const refusals of ["=", "<>"] as const) {
    const oldest = await db
      .selectFrom("audit")
      .select("at")
      .where("kind", refusals, "refusal")
      .orderBy("at", "desc")
      .offset(auditKept)
      .limit(1)
      .executeTakeFirst();
    if (!oldest) continue;
    await db.deleteFrom("audit").where("kind", refusals, "refusal").where("at", "<=", oldest.at).execute();
  }
}

function* chunks<T>(all: readonly T[]): Generator<T[]> {
  for (let from = 0; from < all.length; from += rowsAtOnce) yield all.slice(from, from + rowsAtOnce);
}
