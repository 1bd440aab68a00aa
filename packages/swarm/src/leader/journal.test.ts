import assert from "node:assert/strict";
import { Task, TaskState } from "../gen/interlock/swarm/v1/swarm.js";
import type { Batch, Written } from "../store/task-store.js";
import { createFakeTime, settle } from "../testing/fake-time.js";
import type { Entry } from "./entry.js";
import { auditAtMost, createJournal } from "./journal.js";
import { createWriter, type WriterOptions } from "./writer.js";

const entry = (taskId: string): Entry => ({
  task: Task.fromPartial({ taskId }),
  sequence: 1,
  key: "",
  digest: "",
  stored: false,
  payloadWithin: false,
  bytes: 0,
  unwritable: false,
  sessionId: "",
  expiresAt: 0,
  avoid: "",
});

const all: Written = { skipped: [], refused: [] };
const standby = { code: "UNAVAILABLE", reason: "LEADER_STANDBY" };

function setUp(options: Partial<WriterOptions> = {}) {
  const batches: Batch[] = [];
  const writes: (() => void)[] = [];
  const failures: string[] = [];
  const time = createFakeTime();
  const journal = createJournal();
  const { flush } = createWriter({
    journal,
    commit(batch) {
      batches.push(batch);
      return new Promise((resolve) => writes.push(() => resolve(all)));
    },
    isSwift: () => true,
    prepare() {},
    onSkipped() {},
    onRefused() {},
    onFault() {},
    onFailure: (error) => failures.push(error.message),
    wait: time.wait,
    ...options,
  });
  const ids = () => batches.map(({ tasks }) => tasks.map(({ taskId }) => taskId));
  return { journal, flush, batches, writes, failures, time, ids };
}

describe("journal", () => {
  it("writes what came up together at once, and what comes meanwhile in the next transaction", async () => {
    const { journal, writes, ids } = setUp();
    const done: string[] = [];
    for (const id of ["a", "b"]) {
      journal.touch(entry(id));
      journal.after(() => done.push(id));
    }
    await settle();
    journal.touch(entry("c"));
    journal.after(() => done.push("c"));
    await settle();
    assert.deepEqual(ids(), [["a", "b"]]);
    assert.deepEqual(done, [], "no effect runs before");
    writes[0]?.();
    await settle();
    assert.deepEqual(done, ["a", "b"]);
    assert.deepEqual(ids(), [["a", "b"], ["c"]]);
    writes[1]?.();
    await settle();
    assert.deepEqual(done, ["a", "b", "c"]);
  });

  it("writes a second transaction behind the first when there is enough for it, and tells of both in order", async () => {
    const { journal, writes, ids } = setUp();
    const done: string[] = [];
    const change = (id: string) => {
      journal.touch(entry(id));
      journal.after(() => done.push(id));
    };
    change("a");
    await settle();
    const many = Array.from({ length: 64 }, (_, i) => `b${i}`);
    for (const id of many) change(id);
    await settle();
    for (const id of many) change(`c${id}`);
    await settle();
    assert.deepEqual(
      ids().map(({ length }) => length),
      [1, 64],
      "a third waits",
    );
    writes[1]?.();
    await settle();
    assert.deepEqual(done, [], "no later effect runs before an earlier one");
    writes[0]?.();
    await settle();
    assert.deepEqual(done, ["a", ...many]);
    assert.equal(ids().length, 3);
    writes[2]?.();
    await settle();
    assert.equal(done.length, 129);
  });

  it("lets nothing wait behind a transaction when the store is slow", async () => {
    const { journal, ids } = setUp({ isSwift: () => false });
    journal.touch(entry("a"));
    await settle();
    for (let i = 0; i < 100; i++) journal.touch(entry(`b${i}`));
    await settle();
    assert.deepEqual(ids(), [["a"]]);
  });

  it("does none of what waits for either, when the first of two transactions fails", async () => {
    const ends: (() => void)[] = [];
    const commit = () =>
      new Promise<Written>((resolve, reject) => {
        ends.push(ends.length === 0 ? () => reject(new Error("disk full")) : () => resolve(all));
      });
    const { journal, failures } = setUp({ commit });
    let done = 0;
    journal.touch(entry("a"));
    journal.after(() => done++);
    await settle();
    for (let i = 0; i < 64; i++) journal.touch(entry(`b${i}`));
    const settled = Promise.allSettled([journal.settled()]);
    await settle();
    assert.equal(ends.length, 2);
    for (const end of ends) end();
    assert.equal((await settled)[0]?.status, "rejected");
    assert.equal(done, 0);
    assert.deepEqual(failures, ["disk full"], "once");
  });

  it("tells of what was on its way to the disk when it ended, and got there", async () => {
    const { journal, writes } = setUp();
    journal.touch(entry("a"));
    const settled = journal.settled();
    await settle();
    journal.end(new Error("over"));
    writes[0]?.();
    await settled;
    await assert.rejects(journal.settled(), /over/);
  });

  it("says which assignments were left out, as they were given", async () => {
    const skipped: string[] = [];
    let answer: (written: Written) => void = () => {};
    const { journal } = setUp({
      commit: () => new Promise((resolve) => (answer = resolve)),
      onSkipped: (tasks) => skipped.push(...tasks.map(({ taskId, leaseToken }) => `${taskId} ${leaseToken}`)),
    });
    const given = (taskId: string, leaseToken: bigint) =>
      Task.fromPartial({ taskId, leaseToken, state: TaskState.TASK_STATE_ASSIGNED });
    const rows = ["a", "b"].map((taskId) => ({ ...entry(taskId), task: given(taskId, 1n), stored: true }));
    for (const row of rows) journal.touch(row);
    await settle();
    Object.assign(rows[0] ?? {}, { task: given("a", 2n) });
    answer({ skipped: ["a"], refused: [] });
    await settle();
    assert.deepEqual(skipped, ["a 1"]);
  });

  it("does at once what waits for nothing", () => {
    const { journal } = setUp();
    let done = false;
    journal.after(() => {
      done = true;
    });
    assert.equal(done, true);
  });

  it("puts off what is not urgent also behind a transaction, whatever that one has prepared", async () => {
    let prepared = 0;
    const setup = setUp({ prepare: () => setup.journal.touch(entry(`p${prepared++}`)) });
    const { journal, writes, ids, time } = setup;
    journal.touch(entry("a"));
    await settle();
    journal.touch(entry("b"), false);
    journal.after(() => {}, false);
    writes[0]?.();
    await settle();
    assert.deepEqual(ids(), [["a", "p0"]]);
    await time.pass(39);
    assert.equal(ids().length, 1);
    await time.pass(1);
    assert.deepEqual(ids().at(-1), ["b", "p1"]);
    journal.touch(entry("c"), false);
    journal.touch(entry("d"));
    writes[1]?.();
    await settle();
    assert.deepEqual(ids().at(-1), ["c", "d", "p2"]);
    journal.touch(entry("e"), false);
    await time.pass(45); // The third transaction takes longer than it may wait.
    writes[2]?.();
    await settle();
    assert.deepEqual(ids().at(-1), ["e", "p3"]);
  });

  it("puts off what is not urgent, until something is", async () => {
    const { journal, ids, time } = setUp();
    journal.touch(entry("a"), false);
    await settle();
    assert.deepEqual(ids(), []);
    journal.touch(entry("b"));
    await settle();
    assert.deepEqual(ids(), [["a", "b"]]);
    const second = setUp();
    second.journal.touch(entry("c"), false);
    await second.time.pass(40);
    assert.deepEqual(second.ids(), [["c"]]);
    await time.pass(0);
  });

  it("does none of what waits for a transaction that fails, and writes no more", async () => {
    const failing = setUp({ commit: () => Promise.reject(new Error("disk full")) });
    let done = false;
    failing.journal.touch(entry("a"));
    failing.journal.after(() => {
      done = true;
    });
    await assert.rejects(failing.journal.settled(), standby);
    assert.equal(done, false);
    assert.deepEqual(failing.failures, ["disk full"]);
    failing.journal.touch(entry("b"));
    await assert.rejects(failing.journal.settled(), standby);
  });

  it("writes an empty transaction only on request", async () => {
    const { journal, flush, writes, ids } = setUp();
    journal.poke();
    await settle();
    assert.deepEqual(ids(), []);
    const flushed = flush();
    await settle();
    writes[0]?.();
    await flushed;
    assert.deepEqual(ids(), [[]]);
  });

  it("writes no more audit entries at once than the store keeps: the latest", async () => {
    const { journal, batches } = setUp();
    const at = (n: number) => ({
      at: n,
      kind: "refusal" as const,
      actor: "worker/1",
      subject: "a",
      attempt: 1,
      leaseToken: 1,
      reason: "LEASE_STALE",
    });
    for (let n = 1; n <= 3 * auditAtMost; n++) journal.record(at(n));
    journal.poke();
    await settle();
    const { audit } = batches[0] ?? assert.fail("nothing was written");
    assert.deepEqual(
      [audit.length, audit[0], audit.at(-1)],
      [auditAtMost, at(2 * auditAtMost + 1), at(3 * auditAtMost)],
    );
  });

  it("writes what was collected before there was a writer", async () => {
    const journal = createJournal();
    journal.touch(entry("a"));
    const batches: Batch[] = [];
    createWriter({
      journal,
      commit: async (batch) => {
        batches.push(batch);
        return all;
      },
      isSwift: () => true,
      prepare() {},
      onSkipped() {},
      onRefused() {},
      onFault() {},
      onFailure: (error) => assert.fail(error),
      wait: createFakeTime().wait,
    });
    await journal.settled();
    assert.deepEqual(
      batches.map(({ tasks }) => tasks.map(({ taskId }) => taskId)),
      [["a"]],
    );
  });

  it("leaves out alone what cannot be encoded or held, before the effects run, and tells who gave it", async () => {
    const refused: string[] = [];
    const faults: string[] = [];
    const { journal, batches, failures } = setUp({
      commit: async (batch) => {
        batches.push(batch);
        return { skipped: [], refused: ["unheld"] };
      },
      onRefused: (entries) => refused.push(...entries.map(({ task }) => task.taskId)),
      onFault: (error) => faults.push(String(error)),
      prepare() {
        throw new Error("a fault in an assignment");
      },
    });
    const unencodable = entry("unencodable");
    const task = { ...unencodable.task, deadline: new Date(Number.NaN) };
    for (const each of [entry("good"), { ...unencodable, task }, entry("unheld"), entry("good too")])
      journal.touch(each);
    const seen: string[] = [];
    journal.after(() => seen.push(`refused before: ${refused.join()}`));
    journal.after(() => {
      throw new Error("a fault in an effect");
    });
    journal.after(() => seen.push("the next effect"));
    await settle();
    assert.deepEqual(
      batches.map(({ tasks }) => tasks.map(({ taskId }) => taskId)),
      [["good", "unheld", "good too"]],
    );
    assert.deepEqual(seen, ["refused before: unencodable,unheld", "the next effect"]);
    assert.deepEqual(faults, ["Error: a fault in an assignment", "Error: a fault in an effect"]);
    assert.deepEqual(failures, []);
  });
});
