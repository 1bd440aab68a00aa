import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { openSqlite, parsePostgresUrl } from "@interlock/database";
import { sql } from "kysely";
import pg from "pg";
import { describeOnEach, type TestStore } from "../testing/test-store.js";
import { openSqliteOnThread } from "./open-sqlite-on-thread.js";
import { openTaskDatabase } from "./open-task-database.js";
import { openTaskStore } from "./open-task-store.js";
import type { Schema } from "./schema.js";
import type { Batch, StoredTask, TaskStore, Written } from "./task-store.js";

const run = promisify(execFile);

const task = (taskId: string, rest: Partial<StoredTask> = {}): StoredTask => ({
  taskId,
  sequence: Number(taskId.replace(/\D/g, "")) || 1,
  revision: 1,
  state: 1,
  sessionId: "",
  idempotencyKey: "",
  requestDigest: "",
  task: Buffer.from(taskId),
  payloadApart: 0,
  payload: undefined,
  ...rest,
});
const nothing: Batch = { tasks: [], claims: [], forgotten: [], audit: [] };
const batch = (tasks: StoredTask[], rest: Partial<Batch> = {}): Batch => ({ ...nothing, tasks, ...rest });
const all: Written = { skipped: [], refused: [] };
const standby = { code: "UNAVAILABLE", reason: "LEADER_STANDBY" };

describeOnEach("task store", (create, engine) => {
  let place: TestStore;
  let store: TaskStore;
  let opened: TaskStore[];

  async function open(): Promise<TaskStore> {
    const another = await place.open();
    opened.push(another);
    return another;
  }

  async function lead(name = "leader/1", forMs = 60_000): Promise<number> {
    const epoch = await store.acquire(name, forMs);
    assert.ok(epoch);
    return epoch;
  }

  beforeEach(async () => {
    opened = [];
    place = await create();
    store = await open();
  });

  afterEach(async () => {
    for (const each of opened) await each.close();
    await place.remove();
  });

  it("keeps what was committed for the next leader", async () => {
    const epoch = await lead();
    const bytes = Buffer.from([0, 255, 128, 10]);
    const first = task("t1", {
      sequence: 2 ** 40,
      sessionId: "s",
      idempotencyKey: "o\nk",
      requestDigest: "d",
      task: bytes,
    });
    assert.deepEqual(await store.commit(epoch, batch([first, task("t2")]), 60_000), all);
    const changed = { ...first, revision: 2 ** 52, state: 5, sessionId: "" };
    await store.commit(epoch, batch([changed, task("t3")], { claims: ["t1"], forgotten: ["t2"] }), 60_000);
    await store.release(epoch);
    const again = await open();
    const next = await again.acquire("leader/2", 60_000);
    assert.ok(next && next > epoch);
    const { tasks, stop } = await again.inherit(next);
    assert.ok(tasks.every((each) => each.task instanceof Uint8Array));
    assert.deepEqual(
      tasks.map((each) => ({ ...each, task: Buffer.from(each.task) })),
      [task("t3"), changed],
    );
    assert.equal(stop, undefined);
  });

  it("keeps a payload apart, which is written once, until its task is forgotten", async () => {
    const epoch = await lead();
    const payload = Buffer.from([0, 255, 128, 10]);
    const first = task("t1", { payloadApart: 1, payload });
    const second = task("t2", { payloadApart: 1, payload: Buffer.alloc(3, 7) });
    await store.commit(epoch, batch([first, second, task("t3")]), 60_000);
    await store.commit(epoch, batch([{ ...first, revision: 2, payload: undefined }]), 60_000);
    const inherited = async () =>
      (await store.inherit(epoch)).tasks.map(({ taskId, revision, payload: kept }) => [
        taskId,
        revision,
        kept && [...kept],
      ]);
    assert.deepEqual(await inherited(), [
      ["t1", 2, [...payload]],
      ["t2", 1, [7, 7, 7]],
      ["t3", 1, undefined],
    ]);
    // One that is kept apart no longer is not given back.
    await store.commit(epoch, batch([{ ...second, revision: 2, payloadApart: 0, payload: undefined }]), 60_000);
    await store.commit(epoch, batch([], { forgotten: ["t1"] }), 60_000);
    await store.commit(epoch, batch([task("t1", { payloadApart: 1 })]), 60_000);
    assert.deepEqual(await inherited(), [
      ["t1", 1, undefined],
      ["t2", 2, undefined],
      ["t3", 1, undefined],
    ]);
  });

  it("keeps idempotency keys for the next leader, until they are forgotten", async () => {
    const epoch = await lead();
    const keys = [1, 2 ** 40, 2 ** 50].map((sequence) => ({
      sequence,
      closedAt: 2 ** 41 + sequence,
      keys: Buffer.from([0, 255, sequence % 7]),
    }));
    await store.commit(epoch, batch([], { keys: keys.slice(0, 2) }), 60_000);
    await store.commit(epoch, batch([], { keys: keys.slice(2), keysForgottenTo: 1 }), 60_000);
    const kept = (await store.inherit(epoch)).keys;
    assert.ok(kept.every((each) => each.keys instanceof Uint8Array));
    assert.deepEqual(
      kept.map((each) => ({ ...each, keys: Buffer.from(each.keys) })),
      keys.slice(1),
    );
  });

  it("has one leader at a time, and gives each an epoch of its own", async () => {
    const other = await open();
    const epoch = await lead("leader/1", 300);
    assert.equal(await other.acquire("leader/2", 300), undefined);
    await store.commit(epoch, nothing, 300); // It has been heard of.
    await sleep(150);
    assert.equal(await other.acquire("leader/2", 300), undefined);
    await sleep(250);
    const [one, two] = await Promise.all([other.acquire("leader/2", 60_000), store.acquire("leader/3", 60_000)]);
    assert.deepEqual([one, two].filter(Boolean).length, 1);
  });

  it("gives a leader that starts again its lead back at once, and the old process nothing more", async () => {
    const before = await lead();
    const after = await lead();
    assert.equal(after, before + 1);
    const twice = [task("t1", { idempotencyKey: "a" }), task("t2", { idempotencyKey: "a" })];
    const [failed, late, next] = [
      store.commit(after, batch(twice), 60_000),
      store.commit(before, batch([task("t1")]), 60_000),
      store.commit(after, batch([task("t1")]), 60_000),
    ];
    await assert.rejects(failed);
    await assert.rejects(late, standby);
    await assert.rejects(next, standby, "it is still the one that could not write");
  });

  it("leaves out alone what it cannot hold, in a task or in the audit, and goes on", async () => {
    const epoch = await lead();
    const refusal = {
      at: 1,
      kind: "refusal" as const,
      actor: "worker/1",
      subject: "t1",
      attempt: 1,
      leaseToken: 1,
      reason: "",
    };
    const audit = [refusal, { ...refusal, leaseToken: Number.NaN }, { ...refusal, at: 2 }];
    const unheld = [task("t2", { revision: Number.NaN }), task("t4", { sequence: Number.NaN })];
    if (engine === "PostgreSQL") unheld.push(task("t5", { idempotencyKey: "a\0b" }), task("t6", { state: 2 ** 40 }));
    const written = await store.commit(epoch, batch([task("t1"), ...unheld, task("t3")], { audit }), 60_000);
    assert.deepEqual(written, { skipped: [], refused: unheld.map(({ taskId }) => taskId) });
    assert.deepEqual(await store.commit(epoch, batch([task("t7")]), 60_000), all);
    const { tasks } = await store.inherit(epoch);
    assert.deepEqual(
      tasks.map(({ taskId }) => taskId),
      ["t1", "t3", "t7"],
    );
    assert.deepEqual(
      (await store.audit(9)).map(({ at }) => at),
      [2, 1],
    );
  });

  it("keeps stops and resets on record, however many reports were refused after them", async () => {
    const epoch = await lead();
    await store.latch(epoch, { stopId: "s1", issuer: "operator/1", reason: "smoke", issuedAt: 1 });
    await store.reset(epoch, "s1", { actor: "supervisor/1", reason: "over", at: 2 });
    const refusal = {
      kind: "refusal" as const,
      actor: "worker/1",
      subject: "t1",
      attempt: 1,
      leaseToken: 1,
      reason: "",
    };
    for (let from = 0; from < 24_000; from += 4_000) {
      const audit = Array.from({ length: 4_000 }, (_, i) => ({ ...refusal, at: 3 + from + i }));
      await store.commit(epoch, { ...nothing, audit }, 60_000);
    }
    const kept = await store.audit(30_000);
    assert.deepEqual([kept.length, kept[0]?.at, kept.at(-1)?.at], [10_002, 24_002, 1]);
    assert.deepEqual(
      (await store.audit(1, "stop")).map(({ kind, reason }) => [kind, reason]),
      [["stop", "smoke"]],
    );
    assert.equal((await store.audit(9, "reset")).length, 1);
  });

  it("writes an emergency stop and its reset whatever was said with them", async () => {
    const epoch = await lead();
    await store.latch(epoch, { stopId: "s1", issuer: "operator/1", reason: "a\0b\ud800", issuedAt: 1 });
    assert.equal((await store.inherit(epoch)).stop?.reason, "a\ufffdb\ufffd");
    await store.reset(epoch, "s1", { actor: "supervisor/1", reason: "c\0", at: 2 });
    assert.equal((await store.inherit(epoch)).stop, undefined);
    assert.deepEqual(
      (await store.audit(9)).map(({ kind, reason }) => [kind, reason]),
      [
        ["reset", "c\ufffd"],
        ["stop", "a\ufffdb\ufffd"],
      ],
    );
  });

  it("takes nothing from a leader that has been deposed", async () => {
    const old = await lead();
    await store.commit(old, batch([task("t1")]), 0);
    const other = await open();
    const epoch = await other.acquire("leader/2", 60_000);
    assert.ok(epoch);
    const given = task("t1", { state: 2, revision: 9 });
    const stop = { stopId: "s1", issuer: "operator/1", reason: "", issuedAt: 1 };
    await assert.rejects(store.commit(old, batch([given], { claims: ["t1"] }), 60_000), standby);
    await assert.rejects(store.commit(old, nothing, 60_000), standby);
    await assert.rejects(store.latch(old, stop), standby);
    await assert.rejects(store.reset(old, "s1", { actor: "a", reason: "", at: 1 }), standby);
    await assert.rejects(store.inherit(old), standby);
    await store.release(old);
    assert.equal(await store.acquire("leader/3", 1), undefined, "nor can it give away the other's lead");
    const { tasks } = await other.inherit(epoch);
    assert.deepEqual([tasks[0]?.state, tasks[0]?.revision], [1, 1]);
  });

  it("writes a batch whole or not at all", async () => {
    const epoch = await lead();
    const twice = [task("t1", { idempotencyKey: "a" }), task("t2", { idempotencyKey: "a" })];
    await assert.rejects(store.commit(epoch, batch(twice), 60_000), "one key is one task, whatever the leader thinks");
    assert.deepEqual((await store.inherit(epoch)).tasks, []);
  });

  it("writes batches in the order of the calls, and none of an epoch after one that could not be written", async () => {
    const epoch = await lead();
    const twice = [task("t2", { idempotencyKey: "a" }), task("t3", { idempotencyKey: "a" })];
    const batches = [
      ...Array.from({ length: 20 }, (_, i) => batch([task("t1", { revision: i + 1 })])),
      batch(twice),
      batch([task("t1", { revision: 99 })]),
    ];
    const ends = await Promise.allSettled(batches.map((each) => store.commit(epoch, each, 60_000)));
    assert.deepEqual(
      ends.map(({ status }) => status),
      [...Array(20).fill("fulfilled"), "rejected", "rejected"],
    );
    await assert.rejects(store.commit(epoch, nothing, 60_000), standby);
    const next = await lead();
    assert.deepEqual(
      (await store.inherit(next)).tasks.map(({ revision }) => revision),
      [20],
    );
    await store.commit(next, batch([task("t4")]), 60_000);
  });

  it("lets the key of a task that is forgotten be another's at once", async () => {
    const epoch = await lead();
    await store.commit(epoch, batch([task("t1", { idempotencyKey: "a" })]), 60_000);
    await store.commit(epoch, batch([task("t2", { idempotencyKey: "a" })], { forgotten: ["t1"] }), 60_000);
    assert.deepEqual(
      (await store.inherit(epoch)).tasks.map(({ taskId }) => taskId),
      ["t2"],
    );
  });

  it("takes large batches", async () => {
    const epoch = await lead();
    const many = Array.from({ length: 2_345 }, (_, i) => task(`t${i + 1}`));
    const claims = many.map(({ taskId }) => taskId);
    await store.commit(epoch, batch(many), 60_000);
    assert.deepEqual(await store.commit(epoch, batch(many, { claims }), 60_000), all);
    await store.commit(epoch, { ...nothing, forgotten: claims.slice(0, 1_345) }, 60_000);
    assert.equal((await store.inherit(epoch)).tasks.length, 1_000);
  });

  it("keeps an emergency stop until it is reset, and both for the audit", async () => {
    const epoch = await lead();
    const stop = { stopId: "s1", issuer: "operator/1", reason: "smoke", issuedAt: 1_000 };
    await store.latch(epoch, stop);
    await store.latch(epoch, stop); // Again, because the answer was lost.
    assert.deepEqual((await store.inherit(epoch)).stop, stop);
    await store.reset(epoch, "s1", { actor: "supervisor/1", reason: "no fire", at: 2_000 });
    assert.equal((await store.inherit(epoch)).stop, undefined);
    const refusal = {
      at: 3_000,
      kind: "refusal" as const,
      actor: "worker/1",
      subject: "t1",
      attempt: 1,
      leaseToken: 2 ** 40,
    };
    await store.commit(epoch, { ...nothing, audit: [{ ...refusal, reason: "LEASE_STALE" }] }, 60_000);
    const audit = await store.audit(2);
    assert.deepEqual(audit, [
      { ...refusal, reason: "LEASE_STALE" },
      { at: 2_000, kind: "reset", actor: "supervisor/1", subject: "s1", attempt: 0, leaseToken: 0, reason: "no fire" },
    ]);
  });

  if (engine === "PostgreSQL") {
    it("does not wait for a connection that holds a task's row, and leaves that task out", async () => {
      const epoch = await lead();
      await store.commit(epoch, batch([task("t1"), task("t2")]), 60_000);
      const holder = new pg.Client(place.place);
      await holder.connect();
      try {
        await holder.query("begin");
        await holder.query("select task_id from tasks where task_id = 't1' for update");
        const given = ["t1", "t2"].map((taskId) => task(taskId, { state: 2 }));
        assert.deepEqual(await store.commit(epoch, batch(given, { claims: ["t1", "t2"] }), 60_000), {
          skipped: ["t1"],
          refused: [],
        });
        await holder.query("rollback");
        const { tasks } = await store.inherit(epoch);
        assert.deepEqual(
          tasks.map(({ state }) => state),
          [1, 2],
        );
      } finally {
        await holder.end();
      }
    });

    it("is not opened where a commit may be lost", async () => {
      const admin = new pg.Client(place.place);
      await admin.connect();
      try {
        for (const [set, reset] of [
          ["alter role current_user set synchronous_commit = off", "alter role current_user reset synchronous_commit"],
          [`alter database ${admin.database} set synchronous_commit = off`, undefined],
        ] as const) {
          await admin.query(set);
          await assert.rejects(openTaskStore(place.place), { code: "FAILED_PRECONDITION" }, set);
          if (reset) await admin.query(reset);
        }
      } finally {
        await admin.end();
      }
    });

    it("outlives a connection that is cut between two queries, as for a leader that stood still", async () => {
      const { db } = await openTaskDatabase(parsePostgresUrl(place.place));
      const other = new pg.Client(place.place);
      await other.connect();
      try {
        const work = db.transaction().execute(async (transaction) => {
          const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(transaction);
          await other.query("select pg_terminate_backend($1, 5000)", [rows[0]?.pid]);
          await sleep(50); // The error arrives while no query uses the connection.
          await sql`select 1`.execute(transaction);
        });
        await assert.rejects(work);
        assert.equal((await sql`select 1`.execute(db)).rows.length, 1);
      } finally {
        await other.end();
        await db.destroy();
      }
    });

    it("lets no leader take over in the middle of a transaction", async () => {
      const epoch = await lead("leader/1", 1);
      await sleep(5);
      const holder = new pg.Client(place.place);
      await holder.connect();
      try {
        // As a leader that is writing when its lead expires.
        await holder.query("begin");
        await holder.query("update leadership set leads_until = 9e15 where epoch = $1", [epoch]);
        const taking = store.acquire("leader/2", 60_000);
        const first = await Promise.race([taking.then(() => "taken"), sleep(100).then(() => "waiting")]);
        assert.equal(first, "waiting");
        await holder.query("commit");
        assert.equal(await taking, undefined, "it has renewed its lead");
      } finally {
        await holder.end();
      }
    });
  }
});

describe("a task store on SQLite", () => {
  let folder: string;
  let path: string;
  let store: TaskStore;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-"));
    path = join(folder, "tasks.db");
    store = await openTaskStore(path);
  });

  afterEach(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });

  async function lead(): Promise<number> {
    const epoch = await store.acquire("leader/1", 0);
    assert.ok(epoch);
    return epoch;
  }

  it("has each commit flushed before it returns", async () => {
    const { db } = openSqlite<Schema>(path);
    const { rows } = await sql<{ synchronous: number }>`pragma synchronous`.execute(db);
    await db.destroy();
    const full = 2;
    assert.equal(rows[0]?.synchronous, full);
  });

  it("keeps only the caller waiting", async () => {
    const epoch = await lead();
    const { db } = openSqlite<Schema>(path);
    await sql`begin immediate`.execute(db); // No other connection can write.
    let written = false;
    const commit = store.commit(epoch, batch([task("t1")]), 0).then(() => {
      written = true;
    });
    for (let i = 0; i < 100; i++) await setImmediate();
    assert.equal(written, false);
    await sql`rollback`.execute(db);
    await commit;
    await db.destroy();
  });

  it("is seen by a store that another process, or this one, opens and closes meanwhile", async () => {
    const epoch = await lead();
    await (await openTaskStore(path)).close();
    const other = () => runScript("console.log((await store.audit(1)).length); await store.close();");
    assert.equal((await other()).stdout, "0\n");
    const refusal = {
      at: 1,
      kind: "refusal" as const,
      actor: "worker/1",
      subject: "t1",
      attempt: 1,
      leaseToken: 1,
      reason: "",
    };
    await store.commit(epoch, { ...nothing, audit: [refusal] }, 0);
    assert.equal((await other()).stdout, "1\n");
  });

  it("keeps no process alive", async () => {
    assert.equal((await runScript("console.log(await store.acquire('leader/1', 0));")).stdout, "1\n");
  });

  it("says why it cannot be opened, and that it is closed", async () => {
    const { mode } = await stat(folder);
    await assert.rejects(openTaskStore(folder), {
      message: `The tasks in ${folder}: that is a folder; name a file in it.`,
    });
    assert.equal((await stat(folder)).mode, mode);
    await assert.rejects(openTaskStore(join(folder, "nowhere", "tasks.db")), { code: "ENOENT" });
    const letter = join(folder, "letter.txt");
    await writeFile(letter, "Dear Sir or Madam, ".repeat(500));
    const said = { message: `The tasks in ${letter}: file is not a database`, code: "SQLITE_NOTADB" };
    await assert.rejects(openTaskStore(letter), said);
    for (const place of [":memory:", "mysql://a/b", "file:tasks.db"]) {
      await assert.rejects(openTaskStore(place), { code: "INVALID_ARGUMENT" });
    }
    await Promise.all([store.close(), store.close()]);
    await assert.rejects(store.audit(1), { message: `The tasks in ${path} are closed.` });
    await assert.rejects(store.acquire("leader/1", 0), { message: `The tasks in ${path} are closed.` });
  });

  it("has a new thread for the next leader when one has failed", async () => {
    const threads: Worker[] = [];
    const other = await openSqliteOnThread(path, () => {
      const thread = new Worker(new URL("./sqlite-thread.js", import.meta.url), { execArgv: [] });
      threads.push(thread);
      return thread;
    });
    const epoch = await other.acquire("leader/2", 60_000);
    assert.ok(epoch);
    await other.commit(epoch, batch([task("t1")]), 60_000);
    const committing = other.commit(epoch, batch([task("t2")]), 60_000);
    await threads[0]?.terminate();
    const gone = { message: `The thread of the tasks in ${path} has ended.` };
    await assert.rejects(committing, gone);
    await assert.rejects(other.inherit(epoch), gone);
    const next = await other.acquire("leader/2", 60_000);
    assert.equal(next, epoch + 1);
    assert.ok((await other.inherit(epoch + 1)).tasks.some(({ taskId }) => taskId === "t1"));
    await other.close();
  });

  /** What a process prints that has opened the same store. */
  function runScript(work: string): Promise<{ stdout: string }> {
    const script = `import { openTaskStore } from ${JSON.stringify(import.meta.resolve("./open-task-store.js"))};
      const store = await openTaskStore(${JSON.stringify(path)});
      ${work}`;
    return run(process.execPath, ["--input-type=module", "-e", script]);
  }
});

describe("the address of a task store", () => {
  it("is not said when it is malformed, for there is a password in it", async () => {
    await assert.rejects(openTaskStore("postgres://user:secret@host:port/x"), (error: Error) => {
      assert.doesNotMatch(`${error.message} ${error.stack} ${JSON.stringify(error)}`, /secret/);
      return true;
    });
  });
});
