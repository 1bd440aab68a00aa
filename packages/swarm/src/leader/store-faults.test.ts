import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { silentLog } from "@interlock/bot";
import { findPgBouncer, findPostgres, startPgBouncer, startPostgres } from "@interlock/testing-postgres";
import { holdSqlite } from "@interlock/testing-processes";
import pg from "pg";
import { SubmitTaskRequest } from "../gen/interlock/swarm/v1/swarm.js";
import { openTaskStore } from "../store/open-task-store.js";
import type { TaskStore } from "../store/task-store.js";
import { createLeader, type Leader } from "./leader.js";

/** The promise of the README is a second; the rest is for a busy machine. */
const againMs = 2_000;

describe("a leader whose store is in trouble for a while", () => {
  let store: TaskStore;
  let leader: Leader;

  async function lead(place: string): Promise<void> {
    store = await openTaskStore(place);
    leader = createLeader({ name: "leader/1", store, log: silentLog });
    await leads(true, 10_000);
  }

  async function leads(so: boolean, withinMs: number): Promise<number> {
    const from = performance.now();
    while (leader.leads !== so) {
      assert.ok(performance.now() - from < withinMs, `leads ${leader.leads} for ${withinMs} ms`);
      await sleep(10);
    }
    return performance.now() - from;
  }

  const submit = async (idempotencyKey: string) =>
    (await leader.active().submit("operator/1", SubmitTaskRequest.fromPartial({ kind: "test", idempotencyKey }))).task;

  for (const heldMs of [4_000, 6_500]) {
    it(`leads again when another process has held the file for ${heldMs} ms, with all that it has acknowledged`, async () => {
      const folder = await mkdtemp(join(tmpdir(), "interlock-held-"));
      const place = join(folder, "tasks.db");
      await lead(place);
      const { taskId } = await submit("before");
      const holder = await holdSqlite(place);
      await leads(false, 10_000);
      await sleep(heldMs - againMs);
      await holder.release();
      await leads(true, againMs);
      assert.equal((await submit("before")).taskId, taskId);
      await submit("after");
      await leader.close();
      await store.close();
      await rm(folder, { recursive: true });
    });
  }

  it("closes while another process holds the file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "interlock-held-"));
    const place = join(folder, "tasks.db");
    await lead(place);
    const holder = await holdSqlite(place);
    await leads(false, 10_000);
    await leader.close();
    await store.close();
    await holder.release();
    await lead(place);
    await leader.close();
    await store.close();
    await rm(folder, { recursive: true });
  });

  const found = findPostgres();
  for (const through of ["PostgreSQL", "PgBouncer"]) {
    it(`leads again after a fail-over that left its sessions read-only, on ${through}`, async function () {
      const missing = typeof found === "string" || (through === "PgBouncer" && !findPgBouncer());
      if (missing) {
        console.log(`    skipped: ${through} is not here; on Debian, apt-get install postgresql pgbouncer`);
        return this.skip();
      }
      const postgres = await startPostgres();
      const direct = await postgres.createDatabase();
      const bouncer = through === "PgBouncer" ? await startPgBouncer(direct) : undefined;
      await lead(bouncer?.url ?? direct);
      const { taskId } = await submit("before");
      await asAdmin(direct, readOnly(direct), endAll);
      await leads(false, 10_000);
      await sleep(2_000); // Every connection is opened meanwhile.
      await asAdmin(direct, "set default_transaction_read_only = off", writable(direct));
      await leads(true, againMs);
      assert.equal((await submit("before")).taskId, taskId);
      await leader.close();
      await store.close();
      await bouncer?.stop();
      await postgres.stop();
    });
  }
});

const nameOf = (url: string) => new URL(url).pathname.slice(1);
const readOnly = (url: string) => `alter database ${nameOf(url)} set default_transaction_read_only = on`;
const writable = (url: string) => `alter database ${nameOf(url)} reset default_transaction_read_only`;
const endAll =
  "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()";

async function asAdmin(url: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}
