import assert from "node:assert/strict";
import { join } from "node:path";
import { isClosed, type Swarm, type Task, TaskState } from "@interlock/swarm";
import type { Report } from "./messages.js";
import { type SwarmFleet, startSwarmFleet } from "./swarm-fleet.js";

describe("a worker whose handler computes without yielding", function () {
  this.timeout(120_000);
  let fleet: SwarmFleet;
  let swarm: Swarm;
  let reports: Report[];

  before(async () => {
    fleet = await startSwarmFleet();
    await fleet.start("leader", "leader/1", { store: join(fleet.folder, "tasks.db"), computeMs: 30_000 });
    const worker = await fleet.start("computing", "worker/1");
    reports = [];
    worker.onReport((report) => reports.push(report));
    swarm = await fleet.operator("operator/1");
  });
  after(() => fleet.close());

  const begun = () => reports.filter(({ type }) => type === "began").length;

  async function done(payload: string, order: object = {}): Promise<Task> {
    const { task } = await swarm.submit({ kind: "compute", payload: Buffer.from(payload), ...order });
    for await (const { tasks } of swarm.watch({ taskIds: [task.taskId] })) {
      const last = tasks.find(({ state }) => isClosed(state));
      if (last) return last;
    }
    throw new Error("The watch ended.");
  }

  for (const payload of ["3000×1", "2300×2"]) {
    it(`runs it once, with a longer lease for its kind, and warns with its name (${payload} ms)`, async () => {
      const before = begun();
      const { state, attempt, earlierAttempts } = await done(payload);
      assert.deepEqual([state, attempt, earlierAttempts], [TaskState.TASK_STATE_COMPLETED, 1, []]);
      assert.equal(begun() - before, 1);
    });
  }

  it("runs it again with a longer lease where none was given for its kind: the worker tells the leader why it was silent", async () => {
    const before = begun();
    const { state, attempt } = await done("3000×1", { kind: "unforeseen" });
    assert.deepEqual([state, attempt], [TaskState.TASK_STATE_COMPLETED, 2]);
    assert.equal(begun() - before, 2);
    assert.equal((await done("3000×1", { kind: "unforeseen" })).attempt, 1, "the next one needs no second attempt");
  });

  it("has warned with the name of the handler and the kind of the task", () => {
    const warned = reports.find((report) => report.type === "warned");
    const { handler, kinds, blockedMs } = Object(warned?.facts);
    assert.deepEqual([handler, kinds, blockedMs > 1_000], ["computeRoute", "compute", true]);
  });
});
