import assert from "node:assert/strict";
import { TaskState } from "./gen/interlock/swarm/v1/swarm.js";
import { isClosed, mayFollow } from "./task-state.js";

const states = Object.values(TaskState).filter((state) => state > 0);

describe("task states", () => {
  it("closes four of them, and nothing follows those", () => {
    const closed = states.filter(isClosed);
    assert.deepEqual(closed, [
      TaskState.TASK_STATE_COMPLETED,
      TaskState.TASK_STATE_FAILED,
      TaskState.TASK_STATE_CANCELED,
      TaskState.TASK_STATE_REJECTED,
    ]);
    for (const from of closed) for (const to of states) assert.equal(mayFollow(from, to), false);
  });

  it("goes back only to SUBMITTED, for the next attempt", () => {
    for (const from of states) {
      const back = states.filter((to) => to < from && mayFollow(from, to));
      const held = from >= TaskState.TASK_STATE_ASSIGNED && from <= TaskState.TASK_STATE_RUNNING;
      assert.deepEqual(back, held ? [TaskState.TASK_STATE_SUBMITTED] : []);
    }
  });

  it("knows nothing of states it was not told of", () => {
    assert.equal(mayFollow(TaskState.TASK_STATE_UNSPECIFIED, TaskState.TASK_STATE_SUBMITTED), false);
    assert.equal(isClosed(TaskState.TASK_STATE_UNSPECIFIED), false);
  });
});
