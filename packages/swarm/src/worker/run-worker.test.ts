import assert from "node:assert/strict";
import {
  type DispatchRequest,
  type DispatchResponse,
  StopOutcome,
  TaskState,
} from "../gen/interlock/swarm/v1/swarm.js";
import { DispatchService } from "../gen/interlock/swarm/v1/swarm_interlock.js";
import { createFakeLeader, type FakeLeader } from "../testing/fake-leader.js";
import { runWorker, type WorkerOptions } from "./run-worker.js";
import type { TaskContext, WorkerTask } from "./task-handler.js";
import { TaskRefusal } from "./task-refusal.js";

interface Dispatching {
  dispatch(requests: AsyncIterable<DispatchRequest>, options?: object): AsyncIterable<DispatchResponse>;
}

/** The stream as a leader has it that knows nothing of batches. */
async function* older(real: Dispatching, requests: AsyncIterable<DispatchRequest>, options?: object) {
  async function* checked() {
    for await (const request of requests) {
      assert.notEqual(request.event?.$case, "batch");
      yield request;
    }
  }
  for await (const response of real.dispatch(checked(), options)) {
    if (response.event?.$case === "sessionOpened") response.event.value.acceptsBatches = false;
    yield response;
  }
}

interface Running {
  readonly task: WorkerTask;
  readonly context: TaskContext;
  readonly done: (result?: Uint8Array) => void;
  readonly fail: (error: Error) => void;
}

describe("runWorker", () => {
  let fake: FakeLeader;
  let started: { readonly stopping: AbortController; readonly ended: Promise<void> }[];

  beforeEach(async () => {
    fake = await createFakeLeader();
    started = [];
  });

  afterEach(async () => {
    for (const { stopping } of started) stopping.abort();
    await fake.time.pass(2_000);
    await Promise.allSettled(started.map(({ ended }) => ended));
    await fake.close();
  });

  /** A worker whose handler waits for the test to say how it ends; a `heedless` one ignores its signal. */
  function start(name = "worker/1", options: Partial<WorkerOptions> = {}, heedless = false) {
    const running: Running[] = [];
    const stopping = new AbortController();
    const links: boolean[] = [];
    const ended = runWorker(
      fake.bot(name),
      {
        leaders: ["leader"],
        signal: stopping.signal,
        clock: fake.time,
        wait: fake.time.wait,
        random: () => 0,
        onLink: ({ online }) => links.push(online),
        ...options,
      },
      (task, context) =>
        new Promise((resolve, fail) => {
          if (!heedless) context.signal.addEventListener("abort", () => fail(context.signal.reason));
          running.push({ task, context, done: (result) => resolve(result), fail });
        }),
    );
    ended.catch(() => {});
    const at = (index: number): Running => {
      const found = running.at(index);
      assert.ok(found, "no task has been started");
      return found;
    };
    const worker = { running, at, stopping, links, ended };
    started.push(worker);
    return worker;
  }

  const get = (taskId: string) => fake.dispatcher.get(taskId);
  const stateOf = async (taskId: string) => {
    const { state, attempt, reason } = await get(taskId);
    return [state, attempt, reason];
  };
  const stop = () => fake.dispatcher.safety.stop("operator/1", "smoke", 150);

  it("does what it is given, one after the other", async () => {
    const worker = start();
    const [first, second] = [await fake.submit(), await fake.submit()];
    await fake.time.pass(0);
    assert.equal(worker.running.length, 1);
    worker.at(0).context.progress(0.5, "half");
    await fake.time.pass(50);
    assert.deepEqual((await get(first.taskId)).progress, { fraction: 0.5, stage: "half" });
    worker.at(0).done(Buffer.from("r"));
    await fake.time.pass(0);
    assert.equal((await get(first.taskId)).state, TaskState.TASK_STATE_COMPLETED);
    assert.equal(worker.at(1).task.taskId, second.taskId);
    assert.ok(worker.at(1).task.leaseToken > worker.at(0).task.leaseToken);
  });

  it("begins what it was given beforehand when it has a slot for it", async () => {
    const worker = start("worker/1", { slots: 2, prefetch: 3 });
    const tasks = await Promise.all(Array.from({ length: 6 }, () => fake.submit()));
    await fake.time.pass(0);
    assert.equal(worker.running.length, 2);
    const states = () => Promise.all(tasks.map(async ({ taskId }) => (await get(taskId)).state));
    const { TASK_STATE_SUBMITTED, TASK_STATE_ACCEPTED, TASK_STATE_CANCELED, TASK_STATE_COMPLETED } = TaskState;
    await fake.time.pass(50);
    assert.deepEqual(await states(), [...Array(5).fill(TASK_STATE_ACCEPTED), TASK_STATE_SUBMITTED]);
    await fake.dispatcher.cancel(tasks[2]?.taskId ?? "", "not needed");
    await fake.time.pass(0);
    for (const each of [0, 1]) worker.at(each).done();
    await fake.time.pass(0);
    assert.deepEqual(
      worker.running.slice(2).map(({ task }) => task.taskId),
      [tasks[3]?.taskId, tasks[4]?.taskId],
      "what was canceled is never begun",
    );
    await fake.time.pass(50);
    const done = [TASK_STATE_COMPLETED, TASK_STATE_COMPLETED, TASK_STATE_CANCELED];
    assert.deepEqual(await states(), [...done, ...Array(3).fill(TASK_STATE_ACCEPTED)]);
    await stop();
    await fake.time.pass(500);
    assert.equal(worker.running.length, 4, "an emergency stop is for what has not been begun, too");
  });

  it("does not begin a task that was paused while it waited, until it goes on", async () => {
    const worker = start("worker/1", { prefetch: 2 });
    const [first, second, third] = [await fake.submit(), await fake.submit(), await fake.submit()];
    await fake.time.pass(50);
    await fake.dispatcher.pause(second.taskId);
    await fake.time.pass(0);
    worker.at(0).done();
    await fake.time.pass(50);
    assert.deepEqual(
      worker.running.map(({ task }) => task.taskId),
      [first.taskId, third.taskId],
    );
    worker.at(1).done();
    await fake.time.pass(50);
    assert.equal(worker.running.length, 2);
    await fake.dispatcher.resume(second.taskId);
    await fake.time.pass(50);
    assert.equal(worker.at(-1).task.taskId, second.taskId);
  });

  it("goes on over a broken connection with more in hand than one message holds", async () => {
    const worker = start("worker/1", { prefetch: 39 });
    const payload = Buffer.alloc(200_000);
    await Promise.all(Array.from({ length: 40 }, () => fake.submit({ payload })));
    await fake.time.pass(50);
    fake.cut("worker/1");
    await fake.time.pass(50);
    fake.mend("worker/1");
    await fake.time.pass(200);
    assert.deepEqual(worker.links, [true, false, true]);
    for (let i = 0; i < 40; i++) {
      assert.equal(worker.at(-1).context.signal.aborted, false);
      worker.at(-1).done();
      await fake.time.pass(0);
    }
    assert.equal(worker.running.length, 40);
    assert.ok(worker.running.every(({ task }) => task.attempt === 1));
  });

  it("sends no batch to a leader that does not say that it takes them", async () => {
    const bot = fake.bot("worker/1");
    const client = (service: unknown, address: string) => {
      const real = bot.client(service as never, address) as never as Dispatching;
      return service === DispatchService
        ? { dispatch: (...args: Parameters<Dispatching["dispatch"]>) => older(real, ...args) }
        : real;
    };
    const stopping = new AbortController();
    const options = {
      leaders: ["leader"],
      signal: stopping.signal,
      clock: fake.time,
      wait: fake.time.wait,
      prefetch: 9,
    };
    started.push({ stopping, ended: runWorker({ client } as never, options, async () => undefined) });
    await fake.time.pass(0);
    const tasks = await Promise.all(Array.from({ length: 10 }, () => fake.submit()));
    await fake.time.pass(0);
    for (const { taskId } of tasks) assert.equal((await get(taskId)).state, TaskState.TASK_STATE_COMPLETED);
  });

  it("takes only numbers of tasks that there can be", async () => {
    for (const [options, said] of [
      [{ prefetch: 1.5 }, "prefetch is a whole number from 0 to 1000; it is 1.5."],
      [{ prefetch: -1 }, "prefetch is a whole number from 0 to 1000; it is -1."],
      [{ slots: 0 }, "slots is a whole number from 1 to 1000; it is 0."],
      [{ slots: 1_001 }, "slots is a whole number from 1 to 1000; it is 1001."],
    ] as const) {
      const working = runWorker(fake.bot("worker/1"), { leaders: ["leader"], ...options }, async () => undefined);
      await assert.rejects(working, { name: "TypeError", message: said });
    }
  });

  it("does many short tasks with few messages", async () => {
    const stopping = new AbortController();
    const options = { leaders: ["leader"], signal: stopping.signal, clock: fake.time, wait: fake.time.wait };
    started.push({
      stopping,
      ended: runWorker(fake.bot("worker/1"), { ...options, prefetch: 99 }, async () => undefined),
    });
    await fake.time.pass(0);
    const messages = fake.messages;
    const tasks = await Promise.all(Array.from({ length: 100 }, () => fake.submit()));
    await fake.time.pass(0);
    for (const { taskId } of tasks) assert.equal((await get(taskId)).state, TaskState.TASK_STATE_COMPLETED);
    assert.ok(fake.messages - messages <= 6, `${fake.messages - messages} messages`);
  });

  it("accepts what takes a while, and says only once what is done at once", async () => {
    const states: TaskState[] = [];
    fake.dispatcher.onTask(({ state }) => states.push(state));
    const worker = start();
    await fake.submit();
    await fake.time.pass(50);
    worker.at(0).done();
    await fake.time.pass(50);
    const { TASK_STATE_SUBMITTED, TASK_STATE_ASSIGNED, TASK_STATE_ACCEPTED, TASK_STATE_COMPLETED } = TaskState;
    const begun = [TASK_STATE_SUBMITTED, TASK_STATE_ASSIGNED];
    assert.deepEqual(states.splice(0), [...begun, TASK_STATE_ACCEPTED, TASK_STATE_COMPLETED]);
    worker.stopping.abort();
    await fake.time.pass(2_000);
    const stopping = new AbortController();
    const options = { leaders: ["leader"], signal: stopping.signal, clock: fake.time, wait: fake.time.wait };
    started.push({ stopping, ended: runWorker(fake.bot("worker/2"), options, async () => undefined) });
    await fake.submit();
    await fake.time.pass(50);
    assert.deepEqual(states, [...begun, TASK_STATE_COMPLETED]);
  });

  it("reports what the handler throws", async () => {
    const worker = start("worker/1", { slots: 4 });
    const tasks = [await fake.submit(), await fake.submit(), await fake.submit(), await fake.submit()];
    await fake.time.pass(0);
    worker.at(0).fail(new Error("gripper jammed"));
    worker.at(1).fail(new TaskRefusal("reject", "no such shelf"));
    worker.at(2).fail(new TaskRefusal("fail", "out of stock"));
    await fake.time.pass(0);
    assert.deepEqual(await Promise.all(tasks.slice(0, 3).map(({ taskId }) => stateOf(taskId))), [
      [TaskState.TASK_STATE_SUBMITTED, 2, "gripper jammed"],
      [TaskState.TASK_STATE_REJECTED, 1, "no such shelf"],
      [TaskState.TASK_STATE_FAILED, 1, "out of stock"],
    ]);
    worker.at(3).fail(new TaskRefusal("forfeit", "battery"));
    await fake.time.pass(0);
    assert.equal(worker.at(-1).task.attempt, 2, "the only worker gets it again at once");
  });

  it("stays alive by heartbeats alone, and keeps its lease", async () => {
    const worker = start();
    const { taskId } = await fake.submit();
    await fake.time.pass(20_000);
    const { attempt, state } = await get(taskId);
    assert.deepEqual([attempt, state], [1, TaskState.TASK_STATE_ACCEPTED]);
    assert.deepEqual(worker.links, [true]);
  });

  it("stops a task that is canceled", async () => {
    const worker = start();
    const { taskId } = await fake.submit();
    await fake.time.pass(0);
    await fake.dispatcher.cancel(taskId, "not needed");
    await fake.time.pass(0);
    assert.equal(worker.at(0).context.signal.aborted, true);
    assert.match(String(worker.at(0).context.signal.reason), /not needed/);
  });

  it("begins nothing while what was stopped is still on its way to a halt", async () => {
    const worker = start("worker/1", {}, true);
    const { taskId } = await fake.submit();
    await fake.time.pass(0);
    await fake.dispatcher.cancel(taskId, "not needed");
    await fake.submit();
    await fake.time.pass(5_000);
    assert.equal(worker.running.length, 1);
    worker.at(0).done();
    await fake.time.pass(0);
    assert.equal(worker.running.length, 2);
    worker.at(1).done();
  });

  it("has a signal that is aborted, also when it is asked for only after the stop", async () => {
    const worker = start("worker/1", {}, true);
    const { taskId } = await fake.submit();
    await fake.time.pass(0);
    await fake.dispatcher.cancel(taskId, "not needed");
    await fake.time.pass(0);
    assert.match(String(worker.at(0).context.signal.reason), /not needed/);
    worker.at(0).done();
  });

  it("holds still while its task is paused", async () => {
    const worker = start();
    const { taskId } = await fake.submit();
    await fake.time.pass(0);
    const { context } = worker.at(0);
    await context.unpaused();
    await fake.dispatcher.pause(taskId);
    await fake.time.pass(0);
    let went = false;
    void context.unpaused().then(() => {
      went = true;
    });
    await fake.time.pass(2_000);
    assert.equal(went, false);
    await fake.dispatcher.resume(taskId);
    await fake.time.pass(0);
    assert.equal(went, true);
  });

  it("leaves a checkpoint for the next attempt", async () => {
    const worker = start();
    await fake.submit();
    await fake.time.pass(0);
    await Promise.all([worker.at(0).context.checkpoint(Buffer.from("cell 7")), fake.time.pass(0)]);
    worker.at(0).fail(new TaskRefusal("forfeit", "battery"));
    await fake.time.pass(0);
    assert.equal(Buffer.from(worker.at(1).task.checkpoint).toString(), "cell 7");
  });

  it("sends a checkpoint again that broke off with its connection", async () => {
    const worker = start();
    const { taskId } = await fake.submit();
    await fake.time.pass(0);
    fake.cut("worker/1");
    const confirmed = worker.at(0).context.checkpoint(Buffer.from("cell 8"));
    await fake.time.pass(150);
    fake.mend("worker/1");
    await fake.time.pass(400);
    await confirmed;
    const { checkpoint, attempt } = await get(taskId);
    assert.deepEqual([Buffer.from(checkpoint).toString(), attempt], ["cell 8", 1]);
  });

  it("goes on with its task over a broken connection, and says the result when it is back", async () => {
    const worker = start();
    const { taskId } = await fake.submit();
    await fake.time.pass(0);
    fake.cut("worker/1");
    await fake.time.pass(0);
    worker.at(0).done();
    await fake.time.pass(150);
    fake.mend("worker/1");
    await fake.time.pass(400);
    assert.deepEqual(await stateOf(taskId), [TaskState.TASK_STATE_COMPLETED, 1, ""]);
    assert.equal(worker.running.length, 1);
    assert.deepEqual(worker.links, [true, false, false, true]);
  });

  it("stops by itself, in less than two seconds, when its leader is gone", async () => {
    const worker = start();
    await fake.submit();
    await fake.time.pass(400);
    const { signal } = worker.at(0).context;
    fake.cut("worker/1");
    await fake.time.pass(900);
    assert.equal(signal.aborted, false);
    await fake.time.pass(600);
    assert.equal(signal.aborted, true);
    assert.match(String(signal.reason), /LEADER_LOST/);
  });

  it("begins no attempt twice, when the leader confirms what it has stopped meanwhile", async () => {
    const worker = start("worker/1", {}, true); // Its handler goes on, whatever its signal says.
    const { taskId } = await fake.submit();
    await fake.time.pass(1_000);
    fake.cut("worker/1");
    await fake.time.pass(500);
    let write = () => {};
    fake.store.trouble = () => new Promise((resolve) => (write = resolve));
    void fake.submit(); // The leader is busy writing, so that its answer takes a while.
    fake.mend("worker/1");
    await fake.time.pass(500);
    assert.equal(worker.at(0).context.signal.aborted, false, "it has said that it holds the task");
    await fake.time.pass(600);
    assert.equal(worker.at(0).context.signal.aborted, true);
    fake.store.trouble = undefined;
    write();
    await fake.time.pass(100);
    assert.deepEqual(
      worker.running.map(({ task }) => task.attempt),
      [1],
    );
    worker.at(0).done();
    await fake.time.pass(3_000);
    assert.deepEqual(
      worker.running.map(({ task }) => [task.taskId === taskId, task.attempt]),
      [
        [true, 1],
        [true, 2],
      ],
    );
    worker.at(1).done();
  });

  it("stops by itself when it cannot hear of an emergency stop any more, and works again afterwards", async () => {
    const worker = start();
    const { taskId } = await fake.submit();
    await fake.time.pass(0);
    fake.deafen("worker/1");
    await fake.time.pass(1_500);
    assert.match(String(worker.at(0).context.signal.reason), /SAFETY_LOST/);
    await fake.time.pass(5_000);
    assert.equal(worker.running.length, 1, "it is given nothing");
    fake.mend("worker/1");
    await fake.time.pass(1_000);
    assert.deepEqual([worker.at(1).task.taskId, worker.at(1).task.attempt], [taskId, 2]);
  });

  it("stops at once on an emergency stop, says so, and works again after the reset", async () => {
    const worker = start("worker/1", { slots: 2 });
    await fake.submit();
    await fake.submit();
    await fake.time.pass(0);
    const [{ safety, recorded }] = await Promise.all([stop(), fake.time.pass(10)]);
    assert.equal(recorded, true);
    assert.deepEqual(
      safety.workers.map((each) => [each.worker, each.outcome]),
      [["worker/1", StopOutcome.STOP_OUTCOME_ACKNOWLEDGED]],
    );
    for (const { context } of worker.running) assert.match(String(context.signal.reason), /EMERGENCY_STOP/);
    await fake.submit();
    await fake.time.pass(3_000);
    assert.equal(worker.running.length, 2, "nothing is assigned");
    await fake.dispatcher.safety.reset("supervisor/1", safety.stopId, "no fire");
    await fake.time.pass(0);
    assert.equal(worker.running.length, 4);
    assert.equal(worker.at(2).task.attempt, 2);
  });

  it("says that it failed to stop: its machine could not, or a handler goes on", async () => {
    const broken = () => Promise.reject(new Error("the brake does not close"));
    start("worker/1", { onEmergencyStop: broken });
    const heedless = start("worker/2", {}, true);
    await fake.submit();
    await fake.submit();
    await fake.time.pass(0);
    const [{ safety }] = await Promise.all([stop(), fake.time.pass(150)]);
    assert.deepEqual(
      safety.workers.map((each) => [each.worker, each.outcome, each.detail]),
      [
        ["worker/1", StopOutcome.STOP_OUTCOME_FAILED, "the brake does not close"],
        ["worker/2", StopOutcome.STOP_OUTCOME_FAILED, "A task has not come to a halt yet."],
      ],
    );
    heedless.at(0).done();
    await fake.time.pass(50);
    const { outcome } = fake.dispatcher.safety.current().workers[1] ?? {};
    assert.equal(outcome, StopOutcome.STOP_OUTCOME_ACKNOWLEDGED, "later than asked, and said so");
  });

  it("stops also when it comes back to a swarm that is stopped, and tells the leader that follows", async () => {
    start();
    await fake.time.pass(0);
    await Promise.all([stop(), fake.time.pass(10)]);
    await fake.leader.close();
    fake = await createFakeLeader({}, fake);
    // The worker's clients are of the first leader; a second one of that name is a worker that restarts.
    const worker = start("worker/2");
    await fake.submit();
    await fake.time.pass(3_000);
    assert.equal(worker.running.length, 0);
    const { state, issuer, workers } = fake.dispatcher.safety.current();
    assert.deepEqual([state, issuer], [2, "operator/1"]);
    const [answer] = workers.filter((each) => each.worker === "worker/2");
    assert.equal(answer?.outcome, StopOutcome.STOP_OUTCOME_ACKNOWLEDGED);
  });

  it("has the late completion of a lost attempt refused, and goes on", async () => {
    const refusals: string[] = [];
    fake.leader.onRefusal(({ worker, reason }) => refusals.push(`${worker} ${reason}`));
    const zombie = start();
    const { taskId } = await fake.submit();
    await fake.time.pass(0);
    const other = start("worker/2");
    await fake.time.pass(0);
    fake.cut("worker/1");
    zombie.at(0).done(); // Its last word cannot be heard now.
    await fake.time.pass(2_500);
    fake.mend("worker/1");
    await fake.time.pass(3_000);
    assert.deepEqual(refusals, ["worker/1 LEASE_STALE"]);
    other.at(0).done();
    await fake.time.pass(0);
    const { worker, attempt } = await get(taskId);
    assert.deepEqual([worker, attempt], ["worker/2", 2]);
  });

  it("gives way to a newer session of the same bot", async () => {
    const old = start();
    await fake.time.pass(0);
    start();
    await fake.time.pass(0);
    await assert.rejects(old.ended, { reason: "SESSION_REPLACED" });
    await fake.time.pass(1_000);
    assert.deepEqual(fake.calls, ["worker/1", "worker/1"], "the old one does not come back");
  });

  it("finishes what it has and leaves, when it is drained", async () => {
    const worker = start();
    const [first, second] = [await fake.submit(), await fake.submit()];
    await fake.time.pass(0);
    fake.dispatcher.drain("worker/1");
    await fake.time.pass(1_000);
    worker.at(0).done();
    await fake.time.pass(0);
    await worker.ended;
    assert.equal((await get(first.taskId)).state, TaskState.TASK_STATE_COMPLETED);
    assert.equal((await get(second.taskId)).state, TaskState.TASK_STATE_SUBMITTED);
    assert.deepEqual(fake.dispatcher.workers(), []);
  });

  it("hands back what it has when it leaves", async () => {
    const worker = start();
    const { taskId } = await fake.submit();
    await fake.time.pass(0);
    worker.stopping.abort();
    await fake.time.pass(0);
    await worker.ended;
    assert.equal(worker.at(0).context.signal.aborted, true);
    assert.deepEqual(await stateOf(taskId), [TaskState.TASK_STATE_SUBMITTED, 2, "WORKER_LEFT"]);
  });
});
