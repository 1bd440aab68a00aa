import assert from "node:assert/strict";
import { TaskState, UpdateType } from "../gen/interlock/swarm/v1/swarm.js";
import { createFakeLeader, type FakeLeader } from "../testing/fake-leader.js";
import { settle } from "../testing/fake-time.js";
import { connectWorker } from "../testing/memory-worker.js";
import { createLeader } from "./leader.js";

describe("leader", () => {
  let leaders: FakeLeader[];

  beforeEach(() => {
    leaders = [];
  });

  afterEach(async () => {
    for (const { leader, store } of leaders) {
      store.trouble = undefined;
      await leader.close();
    }
  });

  async function lead(...args: Parameters<typeof createFakeLeader>): Promise<FakeLeader> {
    const fake = await createFakeLeader(...args);
    leaders.push(fake);
    return fake;
  }

  it("stands by while another leads, and takes over when that one is silent", async () => {
    const first = await lead();
    const second = await lead({ name: "leader/2" }, first);
    const { taskId } = await first.submit();
    assert.deepEqual([first.leader.leads, second.leader.leads], [true, false]);
    assert.throws(() => second.dispatcher, { code: "UNAVAILABLE", reason: "LEADER_STANDBY" });
    await first.time.pass(10_000);
    assert.deepEqual([first.leader.leads, second.leader.leads], [true, false], "it has renewed its lead");
    const deposed = first.dispatcher;
    first.store.trouble = () => Promise.reject(new Error("out of reach"));
    await first.time.pass(600);
    assert.equal(first.leader.leads, false, "it cannot write, so it does not lead");
    first.store.trouble = undefined;
    await first.leader.close();
    await first.time.pass(2_600);
    assert.equal(second.leader.leads, true);
    assert.equal(second.dispatcher.epoch > deposed.epoch, true);
    assert.equal((await second.dispatcher.get(taskId)).taskId, taskId);
  });

  it("knows from the leases which tasks a worker that is lost had begun under another leader", async () => {
    const first = await lead({ maximumAttempts: 1 });
    const [later, sooner] = [await first.submit(), await first.submit({ priority: 1 })];
    connectWorker(first.dispatcher, "worker/1", { prefetch: 1 });
    await settle();
    const second = await lead({ name: "leader/2" }, first);
    await first.leader.close();
    await first.time.pass(5_000);
    const { TASK_STATE_FAILED, TASK_STATE_SUBMITTED } = TaskState;
    assert.equal((await second.dispatcher.get(sooner.taskId)).state, TASK_STATE_FAILED);
    assert.equal((await second.dispatcher.get(later.taskId)).state, TASK_STATE_SUBMITTED);
  });

  it("hands over at once when it closes", async () => {
    const first = await lead();
    const second = await lead({ name: "leader/2" }, first);
    const changes: boolean[] = [];
    second.leader.onLead((leads) => changes.push(leads));
    await first.leader.close();
    await first.time.pass(500);
    assert.deepEqual(changes, [true]);
  });

  it("assigns nothing once it is deposed, though it does not know", async () => {
    const first = await lead();
    const worker = connectWorker(first.dispatcher, "worker/1");
    await settle();
    await first.store.acquire("leader/2", 0).then((epoch) => assert.equal(epoch, undefined, "it leads"));
    first.time.jump(2_001); // It was silent for so long.
    assert.equal(await first.store.acquire("leader/2", 2_000), 2);
    const { dispatcher } = first;
    await assert.rejects(first.submit(), { reason: "LEADER_STANDBY" });
    assert.equal(worker.assigned().length, 0);
    assert.equal((worker.end.error as { reason?: string }).reason, "LEADER_STANDBY");
    assert.throws(() => dispatcher.workers(), { reason: "LEADER_STANDBY" });
  });

  it("has what it writes refused when it is deposed in the middle of it", async () => {
    const first = await lead();
    const worker = connectWorker(first.dispatcher, "worker/1");
    await settle();
    first.store.trouble = async () => {
      first.store.trouble = undefined;
      first.time.jump(2_001);
      await first.store.acquire("leader/2", 2_000);
    };
    await assert.rejects(first.submit(), { reason: "LEADER_STANDBY" });
    await settle();
    assert.equal(worker.assigned().length, 0);
    assert.equal(first.store.tasks.size, 0);
  });

  it("confirms, after a restart, what a worker still has in hand", async () => {
    const first = await lead();
    const { taskId } = await first.submit();
    const before = connectWorker(first.dispatcher, "worker/1");
    await settle();
    const lease = before.lease();
    before.accept();
    await first.leader.close();
    const second = await lead({}, first);
    const session = { sessionId: before.sessionId(), held: [lease] };
    const after = connectWorker(second.dispatcher, "worker/1", session);
    await settle();
    assert.equal(after.all("sessionOpened")[0]?.resumed, true);
    const [first_] = after.all("assignments");
    assert.deepEqual([first_?.type, first_?.assignments[0]?.lease], [UpdateType.UPDATE_TYPE_COMPLETE, lease]);
    after.complete(lease);
    const { state, attempt } = await second.dispatcher.get(taskId);
    assert.deepEqual([state, attempt], [TaskState.TASK_STATE_COMPLETED, 1]);
  });

  it("takes back, after a restart, the tasks that no worker claims", async () => {
    const first = await lead();
    const { taskId } = await first.submit();
    const gone = connectWorker(first.dispatcher, "worker/1");
    await settle();
    const stale = gone.lease();
    await first.leader.close();
    const second = await lead({}, first);
    const other = connectWorker(second.dispatcher, "worker/2");
    await settle();
    assert.equal(other.assigned().length, 0, "its worker may still come");
    for (let i = 0; i < 21; i++) {
      other.beat();
      await first.time.pass(100);
    }
    assert.deepEqual([other.lease().taskId, other.lease().attempt], [taskId, 2]);
    assert.ok(other.lease().leaseToken > stale.leaseToken, "fencing tokens grow over all leaders");
  });

  it("answers an order again that an earlier leader has taken", async () => {
    const first = await lead();
    const order = { idempotencyKey: "order-7" };
    const { taskId } = await first.submit(order);
    await first.leader.close();
    const second = await lead({ name: "leader/2" }, first);
    assert.equal((await second.submit(order)).taskId, taskId);
    await assert.rejects(second.submit({ ...order, priority: 1 }), { reason: "IDEMPOTENCY_KEY_REUSED" });
  });

  it("keeps an emergency stop of an earlier leader in force", async () => {
    const first = await lead();
    const stopping = first.dispatcher.safety.stop("operator/1", "smoke", 50);
    await first.time.pass(50);
    const { safety } = await stopping;
    await first.leader.close();
    const second = await lead({ name: "leader/2" }, first);
    const worker = connectWorker(second.dispatcher, "worker/1");
    await second.submit();
    await settle();
    assert.equal(second.dispatcher.safety.latched, true);
    assert.equal(worker.assigned().length, 0);
    await second.dispatcher.safety.reset("supervisor/1", safety.stopId, "no fire");
    await settle();
    assert.equal(worker.assigned().length, 1);
    const kinds = (await second.leader.audit()).map(({ kind, actor }) => [kind, actor]);
    assert.deepEqual(kinds, [
      ["reset", "supervisor/1"],
      ["stop", "operator/1"],
    ]);
  });

  it("does not begin with times that no worker could keep to", async () => {
    const { store } = await lead();
    assert.throws(() => createLeader({ name: "leader/3", store, stopAfterMs: 2_000 }), /stopAfterMs is 2000/);
    assert.throws(() => createLeader({ name: "leader/3", store, heartbeatPeriodMs: 1_000 }), /two heartbeats/);
  });
});
