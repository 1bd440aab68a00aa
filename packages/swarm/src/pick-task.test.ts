import assert from "node:assert/strict";
import { Task } from "./gen/interlock/swarm/v1/swarm.js";
import { pickTask } from "./pick-task.js";

const any = () => true;
const never = () => 0;
const task = (taskId: string, rest: Partial<Task> = {}) => Task.fromPartial({ taskId, ...rest });

describe("pickTask", () => {
  it("takes the first of equals", () => {
    assert.equal(pickTask([task("a"), task("b")], any, never)?.taskId, "a");
    assert.equal(pickTask([], any, never), undefined);
  });

  it("prefers the higher priority, among those that fit", () => {
    const pending = [task("a"), task("b", { priority: 5 }), task("c", { priority: 2 })];
    assert.equal(pickTask(pending, any, never)?.taskId, "b");
    assert.equal(pickTask(pending, ({ taskId }) => taskId !== "b", never)?.taskId, "c");
  });

  it("lets fairness keys take turns, but not past a higher priority", () => {
    const lastServed = (key: string) => (key === "noisy" ? 7 : 3);
    const noisy = { fairnessKey: "noisy" };
    const quiet = { fairnessKey: "quiet" };
    assert.equal(pickTask([task("a", noisy), task("b", quiet)], any, lastServed)?.taskId, "b");
    assert.equal(pickTask([task("a", { ...noisy, priority: 1 }), task("b", quiet)], any, lastServed)?.taskId, "a");
  });
});
