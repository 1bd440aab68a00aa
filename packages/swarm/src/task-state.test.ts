import assert from "node:assert/strict";
import fc from "fast-check";
import { TaskState } from "./gen/interlock/swarm/v1/swarm.js";
import { isClosed, isHeld, mayFollow, taskStateName } from "./task-state.js";

const states = Object.values(TaskState).filter((state) => state > 0);
const { TASK_STATE_SUBMITTED: submitted, TASK_STATE_PAUSED: paused, TASK_STATE_RUNNING: running } = TaskState;

/** How far along a state is: what is closed is farthest, PAUSED is as far as RUNNING. */
const rank = (state: TaskState) => (isClosed(state) ? 9 : state === paused ? running : state);

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

  it("goes back only to SUBMITTED, for the next attempt, from where a worker has it", () => {
    for (const from of states) {
      const back = states.filter((to) => rank(to) < rank(from) && mayFollow(from, to));
      assert.deepEqual(back, isHeld(from) ? [submitted] : []);
    }
  });

  it("leads every walk forward, attempt by attempt, until it is closed", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...states), { maxLength: 40 }), (wishes) => {
        let state: TaskState = submitted;
        for (const next of wishes) {
          if (!mayFollow(state, next)) continue;
          assert.ok(!isClosed(state));
          assert.ok(rank(next) >= rank(state) || next === submitted);
          state = next;
        }
      }),
    );
  });

  it("have names for people", () => {
    assert.equal(taskStateName(TaskState.TASK_STATE_COMPLETED), "COMPLETED");
    assert.equal(new Set(states.map(taskStateName)).size, states.length);
    assert.equal(taskStateName(99 as TaskState), "UNRECOGNIZED");
  });

  it("knows nothing of states it was not told of", () => {
    assert.equal(mayFollow(TaskState.TASK_STATE_UNSPECIFIED, submitted), false);
    assert.equal(isClosed(TaskState.TASK_STATE_UNSPECIFIED), false);
    assert.equal(isHeld(TaskState.TASK_STATE_UNSPECIFIED), false);
  });
});
