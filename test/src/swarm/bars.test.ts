import assert from "node:assert/strict";
import { join } from "node:path";
import { InterlockError } from "@interlock/bot";
import {
  connectSwarm,
  DispatchService,
  SafetyService,
  StopOutcome,
  StopState,
  type Swarm,
  type Task,
  TaskState,
} from "@interlock/swarm";
import { type SwarmFleet, type SwarmProcess, startSwarmFleet, until } from "./swarm-fleet.js";

const { TASK_STATE_COMPLETED: completed } = TaskState;

// What robotics engineers look for, with real processes, real signals and real time. On a machine that is busy with other
// things a time may be missed once; not three times.
describe("the swarm's bars", function () {
  this.timeout(60_000);
  this.retries(2);

  let fleet: SwarmFleet;
  let leader: SwarmProcess;
  let swarm: Swarm;

  beforeEach(async () => {
    fleet = await startSwarmFleet();
    leader = await fleet.start("leader", "leader/1", { store: join(fleet.folder, "tasks.db") });
    swarm = await fleet.operator("operator/1");
  });

  afterEach(() => fleet.close());

  const submit = async (kind: string, idempotencyKey = ""): Promise<Task> => {
    const { task } = await swarm.submit({
      kind,
      requiredCapabilities: ["test"],
      ...(idempotencyKey && { idempotencyKey }),
    });
    return task;
  };
  const becomes = (taskId: string, state: TaskState) =>
    until(async () => (await swarm.get(taskId)).state === state, `task is in state ${state}`);

  it("2: a worker that is killed is lost within 3 s, and its task with another within 5 s", async () => {
    const first = await fleet.start("worker", "worker/1");
    const { taskId } = await submit("hold");
    await first.until("begun");
    const before = await swarm.get(taskId);
    const second = await fleet.start("worker", "worker/2");
    await until(async () => (await swarm.workers()).workers.length === 2, "both work");
    const killedAt = Date.now();
    await first.signal("SIGKILL");
    const [lost, begun] = await Promise.all([
      leader.until("worker", ({ worker, state }) => worker === "worker/1" && state === "lost"),
      second.until("begun", (report) => report.taskId === taskId),
    ]);
    assert.ok(lost.at - killedAt <= 3_000, `lost after ${lost.at - killedAt} ms`);
    assert.ok(begun.at - killedAt <= 5_000, `reassigned after ${begun.at - killedAt} ms`);
    const after = await swarm.get(taskId);
    assert.deepEqual([after.attempt, after.worker], [2, "worker/2"]);
    assert.ok(after.leaseToken > before.leaseToken);
    assert.equal(after.earlierAttempts[0]?.reason, "WORKER_LOST");
    assert.ok(after.leaseExpiresAt);
  });

  it("3: a zombie's completion is refused, and is on record", async () => {
    const zombie = await fleet.start("zombie", "worker/1");
    const { taskId } = await submit("effect");
    await zombie.until("begun");
    await zombie.signal("SIGSTOP");
    await leader.until("worker", ({ state }) => state === "lost");
    await zombie.signal("SIGCONT");
    zombie.send({ type: "complete" });
    const receipt = await zombie.until("receipt");
    assert.deepEqual([receipt.recorded, receipt.reason], [false, "LEASE_STALE"]);
    const refusal = await leader.until("refusal");
    assert.deepEqual([refusal.worker, refusal.taskId, refusal.attempt], ["worker/1", taskId, 1]);
    const { state, attempt } = await swarm.get(taskId);
    assert.notEqual(state, completed);
    assert.ok(attempt >= 2);
  });

  it("3: a stolen task id, also with its lease, ends the thief's stream with 7", async () => {
    const owner = await fleet.start("worker", "worker/1");
    const { taskId } = await submit("hold");
    await owner.until("begun");
    const { attempt, leaseToken, leaderEpoch } = await swarm.get(taskId);
    const thief = await fleet.join("worker/2");
    const session = { capabilities: [], slots: 1, sessionId: "", held: [], draining: false };
    const lease = { taskId, attempt, leaseToken, leaderEpoch };
    async function steal(): Promise<void> {
      const events = [
        { $case: "session" as const, value: session },
        { $case: "completeTask" as const, value: { lease, result: Buffer.from("mine") } },
      ];
      const stream = thief.client(DispatchService, leader.address).dispatch(events.map((event) => ({ event })));
      for await (const _ of stream) void _;
    }
    await assert.rejects(steal(), { code: "PERMISSION_DENIED", reason: "TASK_NOT_ASSIGNED" });
    assert.equal((await swarm.get(taskId)).worker, "worker/1");
    const refusal = await leader.until("refusal");
    assert.deepEqual([refusal.worker, refusal.reason], ["worker/2", "TASK_NOT_ASSIGNED"]);
  });

  it("4: a leader that is killed and started again has lost nothing, and its workers go on", async () => {
    const worker = await fleet.start("worker", "worker/1");
    const { taskId } = await submit("hold");
    await worker.until("begun");
    const waiting = await submit("steps");
    await leader.signal("SIGKILL");
    await leader.restart();
    await until(async () => (await swarm.workers()).workers[0]?.listensForStop === true, "the worker is back");
    const held = await swarm.get(taskId);
    assert.equal(held.worker, "worker/1");
    assert.equal((await swarm.get(waiting.taskId)).state, TaskState.TASK_STATE_SUBMITTED);
    await swarm.cancel(taskId, "enough");
    await worker.until("begun", (report) => report.taskId === waiting.taskId);
    const again = worker.reports.filter((report) => report.type === "begun" && report.taskId === taskId);
    assert.ok(again.length <= held.attempt, "no attempt is begun twice");
  });

  it("5: an emergency stop tells of each robot within 250 ms, in the middle of a flood", async () => {
    const workers = await Promise.all([1, 2, 3, 4].map((i) => fleet.start("worker", `worker/${i}`)));
    for (const _ of workers) await submit("hold");
    await Promise.all(workers.map((worker) => worker.until("begun")));
    const flood = await fleet.start("flood", "operator/9");
    const supervisor = connectSwarm(await fleet.join("supervisor/1"), [leader.address]);

    /** Stops everything and lets it go again, twenty times; how long the slowest answer took, in milliseconds. */
    async function slowest(): Promise<number> {
      const times: number[] = [];
      for (let i = 0; i < 20; i++) {
        const began = performance.now();
        const { safety, recorded } = await swarm.emergencyStop("smoke", { waitMs: 5_000 });
        times.push(performance.now() - began);
        assert.deepEqual([recorded, safety?.issuer, safety?.reason], [true, "operator/1", "smoke"]);
        assert.deepEqual(
          safety?.workers.map(({ worker, outcome }) => [worker, outcome]),
          workers.map(({ name }) => [name, StopOutcome.STOP_OUTCOME_ACKNOWLEDGED]),
        );
        const after = await supervisor.resetEmergencyStop(safety?.stopId ?? "", "a test");
        assert.equal(after.state, StopState.STOP_STATE_NONE);
      }
      return Math.max(...times);
    }

    const calm = await slowest();
    flood.send({ type: "flood", inFlight: 32 });
    await flood.until("flooded", ({ count }) => count > 200);
    // Where other programs keep the processors from us even without a flood, it is the flood that must not matter.
    const bar = Math.max(250, 2 * calm);
    const flooded = await slowest();
    assert.ok(flooded <= bar, `it took up to ${flooded} ms, and ${calm} ms without a flood`);

    // One is frozen, one is dead: both are named, and nobody is let off.
    await workers[0]?.signal("SIGSTOP");
    await workers[1]?.signal("SIGKILL");
    const began = performance.now();
    await swarm.emergencyStop("again");
    const took = performance.now() - began;
    assert.ok(took <= bar, `it took ${took} ms`);
    const { safety } = await swarm.emergencyStop("and again", { waitMs: 1_000 });
    assert.equal(safety?.reason, "again");
    assert.deepEqual(
      safety?.workers.map(({ outcome }) => outcome),
      [
        StopOutcome.STOP_OUTCOME_UNREACHABLE,
        StopOutcome.STOP_OUTCOME_UNREACHABLE,
        StopOutcome.STOP_OUTCOME_ACKNOWLEDGED,
        StopOutcome.STOP_OUTCOME_ACKNOWLEDGED,
      ],
    );

    // It outlives the leader, and takes a scope that stopping does not.
    await leader.signal("SIGKILL");
    await leader.restart();
    const denied = await swarm.resetEmergencyStop(safety?.stopId ?? "", "please").catch(InterlockError.from);
    assert.deepEqual(
      [(denied as InterlockError).code, (denied as InterlockError).reason],
      ["PERMISSION_DENIED", "SCOPE_MISSING"],
    );
    const again = await swarm.emergencyStop("still?");
    assert.equal(again.safety?.stopId, safety?.stopId);
    await supervisor.resetEmergencyStop(safety?.stopId ?? "", "no fire");
    const watch = swarm.watchSafety();
    for await (const { safety: now } of watch) {
      assert.equal(now?.state, StopState.STOP_STATE_NONE);
      break;
    }
  });

  it("5: the emergency stop has a connection of its own", async () => {
    assert.notEqual(SafetyService.name, DispatchService.name);
    const bot = await fleet.join("worker/1");
    const open = bot.client(SafetyService, leader.address).watchSafety({});
    for await (const { safety } of open) {
      assert.equal(safety?.state, StopState.STOP_STATE_NONE);
      break;
    }
  });

  it("6: a worker that loses its leader stops by itself within 2 s", async () => {
    const worker = await fleet.start("worker", "worker/1");
    await submit("hold");
    await worker.until("begun");
    const lostAt = Date.now();
    await leader.signal("SIGKILL");
    const aborted = await worker.until("aborted");
    assert.ok(aborted.at - lostAt <= 2_000, `after ${aborted.at - lostAt} ms`);

    await leader.restart();
    await worker.until("begun", ({ at }) => at > aborted.at);
    const frozenAt = Date.now();
    await leader.signal("SIGSTOP");
    const frozen = await worker.until("aborted", ({ at }) => at > frozenAt);
    assert.ok(frozen.at - frozenAt <= 2_000, `after ${frozen.at - frozenAt} ms, of a leader that stands still`);
    await leader.signal("SIGCONT");
  });

  it("10: the same order sent twice runs once", async () => {
    await fleet.start("worker", "worker/1");
    const [one, two] = await Promise.all([submit("steps", "order-7"), submit("steps", "order-7")]);
    assert.equal(one.taskId, two.taskId);
    await assert.rejects(submit("hold", "order-7"), { code: "ALREADY_EXISTS", reason: "IDEMPOTENCY_KEY_REUSED" });
    await leader.signal("SIGKILL");
    await leader.restart();
    assert.equal((await submit("steps", "order-7")).taskId, one.taskId, "also after the leader was killed");
    assert.equal((await swarm.list()).tasks.length, 1);
  });

  it("11: the next attempt has the checkpoint, and a watch goes on from its cursor", async () => {
    const first = await fleet.start("worker", "worker/1");
    const { taskId } = await submit("steps");
    await until(
      async () => Buffer.from((await swarm.get(taskId)).checkpoint).toString() === "3",
      "three steps are done",
    );
    const stop = new AbortController();
    let cursor = "";
    for await (const update of swarm.watch()) {
      cursor = update.cursor;
      break;
    }
    await first.signal("SIGKILL");
    await leader.signal("SIGKILL");
    await leader.restart();
    const second = await fleet.start("worker", "worker/2");
    const begun = await second.until("begun", (report) => report.taskId === taskId);
    assert.deepEqual([begun.checkpoint, begun.attempt >= 2], ["3", true]);
    const seen: TaskState[] = [];
    for await (const { tasks } of swarm.watch({ cursor, signal: stop.signal })) {
      seen.push(...tasks.map(({ state }) => state));
      if (seen.includes(completed)) break;
    }
    await becomes(taskId, completed);
    assert.equal(seen.filter((state) => state === completed).length, 1);
  });
});
