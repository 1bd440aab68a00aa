import type { CompiledQuery, Kysely } from "kysely";
import type { Schema } from "./schema.js";
import type { StoredTask } from "./task-store.js";

// In the order of the parameters of a statement.
const nothing = {
  taskId: "",
  sequence: 0,
  revision: 0,
  state: 0,
  sessionId: "",
  idempotencyKey: "",
  requestDigest: "",
  task: Buffer.alloc(0),
  payloadApart: 0,
} satisfies Omit<StoredTask, "payload">;
const columns = Object.keys(nothing) as (keyof typeof nothing)[];
const sizes = [64, 16, 4, 2, 1];

/**
 * Creates the function that inserts and updates tasks. It builds one statement for each of a few numbers of rows, the first
 * time that it is needed: to build a statement takes longer than to run it.
 */
export function createPutTasks(db: Kysely<Schema>) {
  const statements = new Map<number, CompiledQuery>();

  function statementFor(rows: number): CompiledQuery {
    const statement =
      statements.get(rows) ??
      db
        .insertInto("tasks")
        .values(Array(rows).fill(nothing))
        .onConflict((c) =>
          c.column("taskId").doUpdateSet((e) => ({
            revision: e.ref("excluded.revision"),
            state: e.ref("excluded.state"),
            sessionId: e.ref("excluded.sessionId"),
            task: e.ref("excluded.task"),
            payloadApart: e.ref("excluded.payloadApart"),
          })),
        )
        .compile();
    statements.set(rows, statement);
    return statement;
  }

  return async (transaction: Kysely<Schema>, tasks: readonly StoredTask[]): Promise<void> => {
    for (let from = 0; from < tasks.length; ) {
      const rows = sizes.find((size) => size <= tasks.length - from) ?? 1;
      const parameters: unknown[] = [];
      for (let i = from; i < from + rows; i++) {
        for (const column of columns) parameters.push(parameterOf((tasks[i] as StoredTask)[column]));
      }
      await transaction.executeQuery({ ...statementFor(rows), parameters });
      from += rows;
    }
    // One at a time: they are long.
    for (const { taskId, payload } of tasks) {
      if (payload) await putPayload(transaction, taskId, payload);
    }
  };
}

async function putPayload(transaction: Kysely<Schema>, taskId: string, bytes: Uint8Array): Promise<void> {
  await transaction
    .insertInto("payloads")
    .values({ taskId, payload: parameterOf(bytes) as Buffer })
    .onConflict((c) => c.column("taskId").doUpdateSet((e) => ({ payload: e.ref("excluded.payload") })))
    .execute();
}

/** Both databases take bytes as a `Buffer`; it is a view of the same memory. */
function parameterOf(value: string | number | Uint8Array): string | number | Buffer {
  return typeof value === "object" ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;
}
