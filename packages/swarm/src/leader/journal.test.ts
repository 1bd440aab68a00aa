import assert from "node:assert/strict";
import { Task } from "../gen/interlock/swarm/v1/swarm.js";
import type { Batch } from "../store/task-store.js";
import { createFakeTime, settle } from "../testing/fake-time.js";
import type { Entry } from "./entry.js";
import { createJournal, type JournalOptions } from "./journal.js";

const entry = (taskId: string): Entry => ({
  ...{ task: Task.fromPartial({ taskId }), sequence: 1, key: "", digest: "" },
  ...{ stored: false, sessionId: "", expiresAt: 0, avoid: "" },
});

function setUp(options: Partial<JournalOptions> = {}) {
  const batches: Batch[] = [];
  const writes: (() => void)[] = [];
  const failures: string[] = [];
  const time = createFakeTime();
  const journal = createJournal({
    commit(batch) {
      batches.push(batch);
      return new Promise((resolve) => writes.push(() => resolve([])));
    },
    prepare() {},
    onSkipped() {},
    onFailure: (error) => failures.push(error.message),
    wait: time.wait,
    ...options,
  });
  const ids = () => batches.map(({ tasks }) => tasks.map(({ taskId }) => taskId));
  return { journal, writes, failures, time, ids };
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
    assert.deepEqual(done, [], "nobody hears of it before");
    writes[0]?.();
    await settle();
    assert.deepEqual(done, ["a", "b"]);
    assert.deepEqual(ids(), [["a", "b"], ["c"]]);
    writes[1]?.();
    await settle();
    assert.deepEqual(done, ["a", "b", "c"]);
  });

  it("does at once what waits for nothing", () => {
    const { journal } = setUp();
    let done = false;
    journal.after(() => {
      done = true;
    });
    assert.equal(done, true);
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
    await assert.rejects(failing.journal.settled(), /disk full/);
    assert.equal(done, false);
    assert.deepEqual(failing.failures, ["disk full"]);
    failing.journal.touch(entry("b"));
    await assert.rejects(failing.journal.settled(), /disk full/);
  });

  it("writes an empty transaction only when it is told to", async () => {
    const { journal, writes, ids } = setUp();
    journal.poke();
    await settle();
    assert.deepEqual(ids(), []);
    const flushed = journal.flush();
    await settle();
    writes[0]?.();
    await flushed;
    assert.deepEqual(ids(), [[]]);
  });
});
