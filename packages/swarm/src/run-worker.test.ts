import assert from "node:assert/strict";
import { TaskState } from "./gen/interlock/swarm/v1/swarm.js";
import { runWorker, type WorkerOptions } from "./run-worker.js";
import { TaskRefusal } from "./task-refusal.js";
import { createFakeLeader, type FakeLeader } from "./testing/fake-leader.js";
import type { TaskContext, WorkerTask } from "./workbench.js";

interface Running {
  readonly task: WorkerTask;
  readonly context: TaskContext;
  readonly done: (result?: Uint8Array) => void;
  readonly fail: (error: Error) => void;
}

/** A worker whose handler waits for the test to say how it ends. */
function start(leader: FakeLeader, name = "worker/1", options: Partial<WorkerOptions> = {}) {
  const running: Running[] = [];
  const stopping = new AbortController();
  const states: boolean[] = [];
  const ended = runWorker({
    client: leader.client(name),
    signal: stopping.signal,
    clock: leader.time,
    wait: leader.time.wait,
    random: () => 0,
    onState: ({ online }) => states.push(online),
    handle: (task, context) =>
      new Promise((resolve, fail) => running.push({ task, context, done: (result) => resolve(result), fail })),
    ...options,
  });
  ended.catch(() => {});
  const at = (index: number): Running => {
    const found = running.at(index);
    assert.ok(found, "no task has been started");
    return found;
  };
  return { running, at, stopping, states, ended };
}

describe("runWorker", () => {
  it("does what it is given, one after the other", async () => {
    const leader = createFakeLeader();
    const worker = start(leader);
    const [first, second] = [leader.submit(), leader.submit()];
    await leader.time.pass(0);
    assert.equal(worker.running.length, 1);
    worker.at(0).context.progress(0.5, "half");
    await leader.time.pass(0);
    assert.deepEqual(leader.dispatcher.get(first.taskId).progress, { fraction: 0.5, stage: "half" });
    worker.at(0).done(Buffer.from("r"));
    await leader.time.pass(0);
    assert.equal(leader.dispatcher.get(first.taskId).state, TaskState.TASK_STATE_COMPLETED);
    assert.equal(worker.at(1).task.taskId, second.taskId);
    worker.stopping.abort();
    await worker.ended;
  });

  it("reports what the handler throws", async () => {
    const leader = createFakeLeader();
    const worker = start(leader, "worker/1", { slots: 2 });
    const [failed, rejected] = [leader.submit(), leader.submit()];
    await leader.time.pass(0);
    worker.at(0).fail(new Error("gripper jammed"));
    worker.at(1).fail(new TaskRefusal("reject", "no such shelf"));
    await leader.time.pass(0);
    const ends = [failed, rejected].map(({ taskId }) => leader.dispatcher.get(taskId));
    assert.deepEqual(
      ends.map(({ state, reason }) => [state, reason]),
      [
        [TaskState.TASK_STATE_FAILED, "gripper jammed"],
        [TaskState.TASK_STATE_REJECTED, "no such shelf"],
      ],
    );
    worker.stopping.abort();
    await worker.ended;
  });

  it("stays alive by heartbeats alone", async () => {
    const leader = createFakeLeader();
    const worker = start(leader);
    await leader.time.pass(60_000);
    leader.dispatcher.tick();
    const { taskId } = leader.submit();
    assert.equal(leader.dispatcher.get(taskId).worker, "worker/1");
    assert.deepEqual(worker.states, [true]);
    worker.stopping.abort();
    await worker.ended;
  });

  it("stops a task that is cancelled", async () => {
    const leader = createFakeLeader();
    const worker = start(leader);
    const { taskId } = leader.submit();
    await leader.time.pass(0);
    leader.dispatcher.cancel(taskId, "not needed");
    await leader.time.pass(0);
    assert.equal(worker.at(0).context.signal.aborted, true);
    assert.match(String(worker.at(0).context.signal.reason), /not needed/);
    worker.stopping.abort();
    await worker.ended;
  });

  it("goes on with its task over a broken connection, and says the result when it is back", async () => {
    const leader = createFakeLeader();
    const worker = start(leader);
    const { taskId } = leader.submit();
    await leader.time.pass(0);
    leader.cut("worker/1");
    await leader.time.pass(0);
    worker.at(0).done();
    await leader.time.pass(150);
    leader.mend("worker/1");
    await leader.time.pass(400);
    const { state, attempt } = leader.dispatcher.get(taskId);
    assert.deepEqual([state, attempt], [TaskState.TASK_STATE_COMPLETED, 1]);
    assert.equal(worker.running.length, 1);
    assert.deepEqual(worker.states, [true, false, false, true]);
    worker.stopping.abort();
    await worker.ended;
  });

  it("stops by itself when its leader is gone for too long", async () => {
    const leader = createFakeLeader();
    const worker = start(leader);
    leader.submit();
    await leader.time.pass(0);
    leader.cut("worker/1");
    await leader.time.pass(1_900);
    assert.equal(worker.at(0).context.signal.aborted, false);
    await leader.time.pass(600);
    assert.equal(worker.at(0).context.signal.aborted, true);
    worker.stopping.abort();
    await worker.ended;
  });

  it("has the late completion of a lost attempt refused, and goes on", async () => {
    const leader = createFakeLeader();
    const refusals: string[] = [];
    leader.dispatcher.onRefusal(({ worker, reason }) => refusals.push(`${worker} ${reason}`));
    const zombie = start(leader);
    const { taskId } = leader.submit();
    await leader.time.pass(0);
    const other = start(leader, "worker/2");
    await leader.time.pass(0);
    leader.cut("worker/1");
    zombie.at(0).done(); // Its last word cannot be heard now.
    await leader.time.pass(2_500);
    leader.dispatcher.tick();
    leader.mend("worker/1");
    await leader.time.pass(10_000);
    assert.deepEqual(refusals, ["worker/1 LEASE_STALE"]);
    other.at(0).done();
    await leader.time.pass(0);
    const { worker, attempt } = leader.dispatcher.get(taskId);
    assert.deepEqual([worker, attempt], ["worker/2", 2]);
    for (const each of [zombie, other]) each.stopping.abort();
    await Promise.all([zombie.ended, other.ended]);
  });

  it("gives way to a newer session of the same bot", async () => {
    const leader = createFakeLeader();
    const old = start(leader);
    await leader.time.pass(0);
    const fresh = start(leader);
    await assert.rejects(old.ended, { reason: "SESSION_REPLACED" });
    await leader.time.pass(1_000);
    assert.deepEqual(leader.calls, ["worker/1", "worker/1"], "the old one does not come back");
    fresh.stopping.abort();
    await fresh.ended;
  });

  it("hands back what it has when it leaves", async () => {
    const leader = createFakeLeader();
    const worker = start(leader);
    const { taskId } = leader.submit();
    await leader.time.pass(0);
    worker.stopping.abort();
    await worker.ended;
    assert.equal(worker.at(0).context.signal.aborted, true);
    const { state, attempt, reason } = leader.dispatcher.get(taskId);
    assert.deepEqual([state, attempt, reason], [TaskState.TASK_STATE_SUBMITTED, 2, "WORKER_LEFT"]);
  });
});
