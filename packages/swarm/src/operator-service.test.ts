import assert from "node:assert/strict";
import type { CallContext } from "@interlock/bot";
import type { WatchTasksResponse } from "./gen/interlock/swarm/v1/swarm.js";
import { TaskState, UpdateType } from "./gen/interlock/swarm/v1/swarm.js";
import { operatorService } from "./operator-service.js";
import { createFakeLeader } from "./testing/fake-leader.js";

function context(name = "operator/1", signal = new AbortController().signal): CallContext {
  return { caller: { name }, signal } as CallContext;
}

describe("operatorService", () => {
  it("submits in the caller's own name", async () => {
    const { dispatcher } = createFakeLeader();
    const request = { kind: "test", idempotencyKey: "", payload: new Uint8Array(), requiredCapabilities: [] };
    const rest = { priority: 0, fairnessKey: "", deadline: undefined };
    const { task } = await operatorService(dispatcher).submitTask({ ...request, ...rest }, context("operator/7"));
    assert.deepEqual([task?.submittedBy, task?.fairnessKey], ["operator/7", "operator/7"]);
  });

  it("sends the complete list, then the latest of what changes, until the caller leaves", async () => {
    const { dispatcher, submit } = createFakeLeader();
    const [first, second] = [submit(), submit()];
    const leaving = new AbortController();
    const updates: WatchTasksResponse[] = [];
    const watch = operatorService(dispatcher).watchTasks({ taskIds: [] }, context("operator/1", leaving.signal));
    for await (const update of watch) {
      updates.push(update as WatchTasksResponse);
      if (updates.length === 1) {
        dispatcher.cancel(second.taskId, "one");
        dispatcher.cancel(first.taskId, "two");
      } else if (updates.length === 3) leaving.abort();
    }
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
        [UpdateType.UPDATE_TYPE_INCREMENTAL, [[second.taskId, TaskState.TASK_STATE_CANCELED]]],
        [UpdateType.UPDATE_TYPE_INCREMENTAL, [[first.taskId, TaskState.TASK_STATE_CANCELED]]],
      ],
    );
  });

  it("watches only what was asked for", async () => {
    const { dispatcher, submit } = createFakeLeader();
    submit();
    const { taskId } = submit();
    for await (const { tasks } of operatorService(dispatcher).watchTasks({ taskIds: [taskId] }, context())) {
      assert.deepEqual(
        tasks?.map((task) => task.taskId),
        [taskId],
      );
      break;
    }
  });
});
