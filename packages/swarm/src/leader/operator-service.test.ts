import assert from "node:assert/strict";
import type { CallContext } from "@interlock/bot";
import {
  SubmitTaskRequest,
  TaskState,
  TaskView,
  UpdateType,
  type WatchTasksResponse,
} from "../gen/interlock/swarm/v1/swarm.js";
import { createFakeLeader, type FakeLeader } from "../testing/fake-leader.js";
import { connectWorker } from "../testing/memory-worker.js";
import { operatorService } from "./operator-service.js";

function context(name = "operator/1", signal = new AbortController().signal): CallContext {
  return { caller: { name }, signal } as CallContext;
}

describe("operatorService", () => {
  let fake: FakeLeader;

  beforeEach(async () => {
    fake = await createFakeLeader();
  });

  afterEach(() => fake.close());

  /** Watches until `count` messages have been read; `onUpdate` is called after each. */
  async function watch(cursor: string, count: number, onUpdate = (_seen: number) => {}): Promise<WatchTasksResponse[]> {
    const updates: WatchTasksResponse[] = [];
    for await (const update of operatorService(fake.leader).watchTasks(
      { taskIds: [], cursor, view: TaskView.TASK_VIEW_FULL },
      context(),
    )) {
      updates.push(update as WatchTasksResponse);
      if (updates.length === count) break;
      onUpdate(updates.length);
    }
    return updates;
  }

  it("submits in the caller's own name", async () => {
    const request = SubmitTaskRequest.fromPartial({ kind: "test" });
    const { task } = await operatorService(fake.leader).submitTask(request, context("operator/7"));
    assert.deepEqual([task?.submittedBy, task?.fairnessKey], ["operator/7", "operator/7"]);
  });

  it("sends the complete list, then the latest of what changes", async () => {
    const [first, second] = [await fake.submit(), await fake.submit()];
    const updates = await watch("", 2, (seen) => {
      if (seen > 1) return;
      void fake.dispatcher.cancel(second.taskId, "one");
      void fake.dispatcher.cancel(first.taskId, "two");
    });
    assert.deepEqual(
      updates.map(({ type, tasks }) => [type, tasks.map(({ taskId, state }) => [taskId, state])]),
      [
        [
          UpdateType.UPDATE_TYPE_COMPLETE,
          [
            [first.taskId, TaskState.TASK_STATE_SUBMITTED],
            [second.taskId, TaskState.TASK_STATE_SUBMITTED],
          ],
        ],
        [
          UpdateType.UPDATE_TYPE_INCREMENTAL,
          [
            [second.taskId, TaskState.TASK_STATE_CANCELED],
            [first.taskId, TaskState.TASK_STATE_CANCELED],
          ],
        ],
      ],
    );
  });

  it("goes on from a cursor, also with the next leader", async () => {
    const [first, second] = [await fake.submit(), await fake.submit()];
    const [{ cursor } = { cursor: "" }] = await watch("", 1);
    await fake.dispatcher.cancel(second.taskId, "missed");
    await fake.leader.close();
    fake = await createFakeLeader({ name: "leader/2" }, fake);
    const third = await fake.submit();
    const [update, last] = await watch(cursor, 2, () => void fake.dispatcher.cancel(first.taskId, "live"));
    assert.equal(update?.type, UpdateType.UPDATE_TYPE_INCREMENTAL);
    assert.deepEqual(
      update?.tasks.map(({ taskId }) => taskId),
      [second.taskId, third.taskId],
    );
    assert.equal(last?.tasks[0]?.taskId, first.taskId);
    assert.ok(BigInt(last?.cursor ?? 0) > BigInt(update?.cursor ?? 0));
    await assert.rejects(watch("x", 1), { reason: "CURSOR_INVALID" });
  });

  it("sends a long list in pieces, and a cursor only with the last", async () => {
    for (let i = 0; i < 150; i++) await fake.submit();
    const updates = await watch("", 2);
    assert.deepEqual(
      updates.map(({ tasks, cursor }) => [tasks.length, cursor !== ""]),
      [
        [100, false],
        [50, true],
      ],
    );
  });

  it("tells of nothing that is not on the disk", async () => {
    let write = () => {};
    fake.store.trouble = () => new Promise((resolve) => (write = resolve));
    const seen: string[] = [];
    fake.leader.onTask(({ taskId }) => seen.push(taskId));
    const submitted = fake.submit();
    await fake.time.pass(0);
    assert.deepEqual(seen, []);
    fake.store.trouble = undefined;
    write();
    assert.deepEqual(seen, [(await submitted).taskId]);
  });

  it("ends a watch when its leader leads no longer", async () => {
    const watching = watch("", 2);
    await fake.time.pass(0);
    const ended = assert.rejects(watching, { code: "UNAVAILABLE", reason: "LEADER_STANDBY" });
    await fake.leader.close();
    await ended;
    await assert.rejects(async () => operatorService(fake.leader).listWorkers({ pageToken: "" }, context()), {
      reason: "LEADER_STANDBY",
    });
    await assert.rejects(async () => operatorService(fake.leader).getTask({ taskId: "x" }, context()), {
      reason: "LEADER_STANDBY",
    });
  });

  it("lists the workers by name", async () => {
    connectWorker(fake.dispatcher, "worker/2", { capabilities: ["lift"], slots: 3 });
    connectWorker(fake.dispatcher, "worker/1");
    const { workers = [] } = await operatorService(fake.leader).listWorkers({ pageToken: "" }, context());
    assert.deepEqual(
      workers.map(({ name, slots }) => [name, slots]),
      [
        ["worker/1", 1],
        ["worker/2", 3],
      ],
    );
  });

  it("watches only what was asked for", async () => {
    await fake.submit();
    const { taskId } = await fake.submit();
    const only = operatorService(fake.leader).watchTasks(
      { taskIds: [taskId], cursor: "", view: TaskView.TASK_VIEW_FULL },
      context(),
    );
    for await (const { tasks } of only) {
      assert.deepEqual(
        tasks?.map((task) => task.taskId),
        [taskId],
      );
      break;
    }
  });
});
