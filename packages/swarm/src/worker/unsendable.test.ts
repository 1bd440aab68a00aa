import assert from "node:assert/strict";
import { silentLog } from "@interlock/bot";
import { StopOutcome, type Task, TaskState } from "../gen/interlock/swarm/v1/swarm.js";
import { createFakeLeader, type FakeLeader } from "../testing/fake-leader.js";
import { runWorker, type WorkerOptions } from "./run-worker.js";
import type { TaskHandler } from "./task-handler.js";

const fiveMebibytes = 5 * 1_024 * 1_024;

describe("what a handler gives that no message carries", () => {
  let fake: FakeLeader;
  let stopping: AbortController;
  let ended: Promise<void>;

  beforeEach(async () => {
    fake = await createFakeLeader();
    stopping = new AbortController();
    ended = Promise.resolve();
  });

  afterEach(async () => {
    stopping.abort();
    await fake.time.pass(2_000);
    await ended;
    await fake.close();
  });

  async function start(handle: TaskHandler, options: Partial<WorkerOptions> = {}): Promise<void> {
    const time = { clock: fake.time, wait: fake.time.wait, random: () => 0, log: silentLog };
    ended = runWorker(
      fake.bot("worker/1"),
      { leaders: ["leader"], signal: stopping.signal, slots: 2, ...time, ...options },
      handle,
    );
    await fake.time.pass(200);
  }

  /** Has the worker do what `given` says, beside a task that takes a while, and gives both as they end. */
  async function result(handle: TaskHandler): Promise<{ task: Task; beside: Task; sessions: number }> {
    let finish = () => {};
    await start((task, context) => {
      if (task.kind !== "beside") return handle(task, context);
      return new Promise((resolve) => (finish = () => resolve(Buffer.from("done"))));
    });
    const beside = await fake.submit({ kind: "beside" });
    const { taskId } = await fake.submit();
    await fake.time.pass(1_000);
    finish();
    await fake.time.pass(100);
    return {
      task: await fake.dispatcher.get(taskId),
      beside: await fake.dispatcher.get(beside.taskId),
      sessions: fake.calls.length,
    };
  }

  const failing: Readonly<Record<string, readonly [TaskHandler, string]>> = {
    "a result of 5 MiB": [async () => Buffer.alloc(fiveMebibytes), "RESULT_TOO_LARGE"],
    "a result that is text": [async () => "done" as never, "RESULT_INVALID"],
    "a result that is an object": [async () => ({ done: true }) as never, "RESULT_INVALID"],
    "a checkpoint of 5 MiB": [
      async (_, { checkpoint }) => void (await checkpoint(Buffer.alloc(fiveMebibytes))) as undefined,
      "CHECKPOINT_TOO_LARGE",
    ],
    "a checkpoint that is a number": [
      async (_, { checkpoint }) => void (await checkpoint(7 as never)) as undefined,
      "CHECKPOINT_INVALID",
    ],
  };
  for (const [what, [handle, reason]] of Object.entries(failing)) {
    it(`fails that task alone, with a reason: ${what}`, async () => {
      const { task, beside, sessions } = await result(handle);
      assert.equal(task.state, TaskState.TASK_STATE_FAILED);
      assert.ok(task.reason.startsWith(`${reason}: `), task.reason);
      assert.equal(beside.state, TaskState.TASK_STATE_COMPLETED);
      assert.equal(sessions, 1, "the connection is never broken");
    });
  }

  it("arrives cut: stages and errors of any length", async () => {
    const { task, beside, sessions } = await result(async (_, { progress, checkpoint }) => {
      progress(Number.NaN, "s".repeat(fiveMebibytes));
      await checkpoint(Buffer.from("half"));
      progress("half" as never, 7 as never);
      throw new Error("e".repeat(fiveMebibytes));
    });
    assert.deepEqual([Buffer.from(task.checkpoint).toString(), task.attempt > 1], ["half", true]);
    assert.deepEqual([beside.state, sessions], [TaskState.TASK_STATE_COMPLETED, 1]);
  });

  it("acknowledges a stop whose failure has a message of any length", async () => {
    await start(async () => undefined, {
      onEmergencyStop() {
        throw new Error("e".repeat(fiveMebibytes));
      },
    });
    const answer = fake.dispatcher.safety.stop("operator/1", "smoke", 150);
    await fake.time.pass(1_000);
    await answer;
    const [worker] = fake.dispatcher.safety.current().workers;
    assert.equal(worker?.outcome, StopOutcome.STOP_OUTCOME_FAILED);
  });
});
