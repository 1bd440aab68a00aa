import assert from "node:assert/strict";
import { type Task, TaskState } from "../gen/interlock/swarm/v1/swarm.js";
import { createFakeLeader, type FakeLeader } from "../testing/fake-leader.js";
import { settle } from "../testing/fake-time.js";
import { connectWorker } from "../testing/memory-worker.js";
import type { LeaderOptions } from "./leader.js";

const hourMs = 3_600_000;

describe("idempotency keys", () => {
  let fake: FakeLeader;
  const quotaOf = () => ({ perSecond: 1_000_000, burst: 1_000_000 });

  async function setUp(options: Partial<LeaderOptions> = {}): Promise<void> {
    fake = await createFakeLeader({ quotaOf, ...options });
  }
  afterEach(() => fake.close());

  const submit = (idempotencyKey: string, kind = "test", submitter = "operator/1") =>
    fake.dispatcher.submit(submitter, {
      idempotencyKey,
      kind,
      payload: Buffer.from("cup"),
      requiredCapabilities: [],
      priority: 0,
      fairnessKey: "",
      deadline: undefined,
      maximumAttempts: 0,
    });

  /** Has `count` other orders come and go, as a day's work does. */
  async function others(count: number, prefix = "other"): Promise<void> {
    for (let from = 0; from < count; from += 1_000) {
      const some = Array.from({ length: Math.min(1_000, count - from) }, (_, i) => submit(`${prefix}-${from + i}`));
      for (const { task } of await Promise.all(some)) void fake.dispatcher.cancel(task.taskId, "");
      await settle();
    }
    await fake.dispatcher.settled();
  }

  async function done(key: string): Promise<Task> {
    const worker = connectWorker(fake.dispatcher, "worker/1");
    await settle();
    const { task } = await submit(key);
    await settle();
    worker.complete();
    worker.say({ $case: "endSession", value: { reason: "" } });
    await settle();
    return fake.dispatcher.get(task.taskId);
  }

  it("outlive their tasks: an order sent again after 12,000 others runs once, also under the next leader", async () => {
    await setUp();
    const { taskId, state } = await done("order-7");
    assert.equal(state, TaskState.TASK_STATE_COMPLETED);
    await others(12_000);
    await assert.rejects(fake.dispatcher.get(taskId), { reason: "TASK_UNKNOWN" }, "the task itself is forgotten");
    assert.equal((await submit("order-7", "test", "operator/2")).created, true, "each submitter has keys of its own");
    for (const leader of ["leader/1", "leader/2"]) {
      const { task, created } = await submit("order-7");
      assert.deepEqual([created, task.taskId, task.state, task.kind], [false, taskId, state, "test"], leader);
      await assert.rejects(submit("order-7", "another kind"), { reason: "IDEMPOTENCY_KEY_REUSED" });
      if (leader === "leader/2") break;
      await fake.close();
      fake = await createFakeLeader({ name: "leader/2", quotaOf }, fake);
    }
  });

  it("outlive their tasks when these are forgotten for their bytes, and none that the store had lost comes back", async () => {
    await setUp({ limits: { closedBytes: 10_000 } });
    const { taskId } = await done("order-7");
    await others(100);
    assert.deepEqual([(await submit("order-7")).task.taskId, (await submit("order-7")).created], [taskId, false]);
  });

  it("are remembered for a day after their task was closed, and then no longer, on the disk neither", async () => {
    await setUp({ keepClosed: 10 });
    await done("order-7");
    await others(50);
    fake.time.set(23 * hourMs);
    await fake.time.pass(200);
    assert.equal((await submit("order-7")).created, false);
    fake.time.set(2 * hourMs);
    await fake.time.pass(200);
    await fake.dispatcher.settled();
    assert.equal((await submit("order-7")).created, true);
    const epoch = await fake.store.acquire("leader/1", 2_000);
    assert.deepEqual((await fake.store.inherit(epoch ?? 0)).keys, []);
  });

  it("are bounded in bytes: the oldest go first, and the log says so once", async () => {
    const faults: string[] = [];
    const log = { warn: (_: string, { error }: { error: string }) => faults.push(error) } as never;
    await setUp({ keepClosed: 10, limits: { keyBytes: 200_000 }, log });
    await done("order-7");
    await others(20_000);
    assert.equal((await submit("other-19800")).created, false, "a young one is there");
    assert.equal((await submit("order-7")).created, true);
    assert.ok(faults.filter((each) => each.includes("raise limits.keyBytes")).length === 1, String(faults));
  });
});
