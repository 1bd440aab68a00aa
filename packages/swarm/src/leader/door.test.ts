import assert from "node:assert/strict";
import {
  AcknowledgeStopRequest,
  Lease,
  ListTasksRequest,
  type Session,
  type SubmitTaskRequest,
  TaskState,
} from "../gen/interlock/swarm/v1/swarm.js";
import { createFakeLeader, type FakeLeader } from "../testing/fake-leader.js";
import { settle } from "../testing/fake-time.js";
import { connectWorker } from "../testing/memory-worker.js";

const far = new Date(Number.NaN); // What becomes of `seconds: 2^62`.
const beyondPostgres = 2n ** 64n - 1n;

/** One field of a request, and what it must not be. */
const refusedTasks: readonly [string, Partial<SubmitTaskRequest>][] = [
  ["deadline", { deadline: far }],
  ["deadline", { deadline: new Date(Date.UTC(10_000, 0)) }],
  ["deadline", { deadline: new Date("-000001-01-01T00:00:00Z") }],
  ["idempotency_key", { idempotencyKey: "a\0b" }],
  ["idempotency_key", { idempotencyKey: "a\ud800" }],
  ["idempotency_key", { idempotencyKey: "\ufffd" }],
  ["idempotency_key", { idempotencyKey: "x".repeat(129) }],
  ["kind", { kind: "a\0" }],
  ["kind", { kind: "x".repeat(257) }],
  ["payload", { payload: Buffer.alloc(1024 * 1024 + 1) }],
  ["required_capabilities", { requiredCapabilities: ["\0"] }],
  ["required_capabilities", { requiredCapabilities: Array(65).fill("a") }],
  ["required_capabilities", { requiredCapabilities: ["x".repeat(129)] }],
  ["priority", { priority: Number.NaN }],
  ["priority", { priority: 2 ** 31 }],
  ["fairness_key", { fairnessKey: "\udc00" }],
  ["maximum_attempts", { maximumAttempts: -1 }],
  ["maximum_attempts", { maximumAttempts: Number.POSITIVE_INFINITY }],
];

describe("the leader's door", () => {
  let fake: FakeLeader;

  beforeEach(async () => {
    fake = await createFakeLeader();
  });

  afterEach(() => fake.close());

  /** The leader leads on: a task goes in, and a stop comes through. */
  async function control(): Promise<void> {
    assert.equal(fake.leader.leads, true);
    const { taskId } = await fake.submit();
    assert.equal((await fake.dispatcher.get(taskId)).taskId, taskId);
    const stopping = fake.dispatcher.safety.stop("operator/1", "drill", 150);
    await fake.time.pass(150);
    const { safety, recorded } = await stopping;
    assert.equal(recorded, true);
    await fake.dispatcher.safety.reset("operator/1", safety.stopId, "");
  }

  for (const [field, request] of refusedTasks) {
    const [value] = Object.values(request);
    it(`refuses a task alone for its ${field}: ${JSON.stringify(value)?.slice(0, 40)}`, async () => {
      const good = fake.submit({ idempotencyKey: "beside it" });
      await assert.rejects(fake.submit(request), (error: { code: string; metadata: { field: string } }) => {
        assert.deepEqual([error.code, error.metadata.field], ["INVALID_ARGUMENT", field]);
        return true;
      });
      assert.equal((await good).state, TaskState.TASK_STATE_SUBMITTED);
      await control();
    });
  }

  it("takes what is at the bounds", async () => {
    const { taskId } = await fake.submit({
      kind: "k".repeat(256),
      payload: Buffer.alloc(1024 * 1024),
      idempotencyKey: "🦾".repeat(64),
      fairnessKey: "f".repeat(256),
      requiredCapabilities: Array(64).fill("c".repeat(128)),
      priority: -(2 ** 31),
      deadline: new Date("9999-12-31T23:59:59.999Z"),
      maximumAttempts: 2 ** 32 - 1,
    });
    assert.equal((await fake.dispatcher.get(taskId)).maximumAttempts, 1_000);
    await control();
  });

  const reports = ["acceptTask", "extendLease", "completeTask", "failTask", "rejectTask", "forfeitTask"] as const;
  const leases: readonly [string, Partial<Lease>][] = [
    ["lease_token", { leaseToken: beyondPostgres }],
    ["lease_token", { leaseToken: 2n ** 63n }],
    ["leader_epoch", { leaderEpoch: beyondPostgres }],
    ["task_id", { taskId: "a\0b" }],
    ["task_id", { taskId: "\ud800" }],
    ["task_id", { taskId: "x".repeat(4_000) }],
  ];
  for (const [field, lease] of leases) {
    it(`ends the stream of a worker for the ${field} of a lease that no leader gives, and keeps nothing of it`, async () => {
      const honest = connectWorker(fake.dispatcher, "worker/2");
      await settle();
      const { taskId } = await fake.submit();
      const invalid = { code: "INVALID_ARGUMENT", reason: "FIELD_INVALID" };
      const forged = Lease.fromPartial({ taskId: "none", attempt: 1, ...lease });
      const thief = connectWorker(fake.dispatcher, "worker/1");
      for (const $case of reports) {
        const value = { lease: forged, result: Buffer.alloc(0), reason: "" };
        assert.throws(() => thief.say({ $case, value } as never), invalid);
      }
      assert.throws(() => thief.beat([forged]), invalid);
      assert.throws(() => connectWorker(fake.dispatcher, "worker/1", { held: [forged] }), invalid);
      await fake.time.pass(50);
      assert.deepEqual(await fake.leader.audit(), []);
      honest.complete();
      await settle();
      assert.equal((await fake.dispatcher.get(taskId)).state, TaskState.TASK_STATE_COMPLETED);
      await control();
    });
  }

  it("refuses a session for capabilities or an id that it cannot take", async () => {
    const sessions: Partial<Session>[] = [
      { capabilities: Array(65).fill("a") },
      { capabilities: ["\0"] },
      { sessionId: "x".repeat(200) },
      { slots: Number.NaN },
    ];
    for (const session of sessions) {
      assert.throws(() => connectWorker(fake.dispatcher, "worker/1", session), { code: "INVALID_ARGUMENT" });
    }
    await control();
  });

  it("refuses the other requests of operators alone", async () => {
    const { dispatcher } = fake;
    const invalid = { code: "INVALID_ARGUMENT" };
    for (const taskId of ["a\0", "x".repeat(129), "\udc00"]) {
      for (const call of [dispatcher.get, dispatcher.pause, dispatcher.resume])
        await assert.rejects(call(taskId), invalid);
      await assert.rejects(dispatcher.cancel(taskId, ""), invalid);
      assert.throws(() => dispatcher.drain(`${taskId}\0`), invalid);
    }
    const { taskId } = await fake.submit();
    for (const reason of ["\0", "x".repeat(4_097), "\ud800"]) {
      await assert.rejects(dispatcher.cancel(taskId, reason), invalid);
      await assert.rejects(dispatcher.safety.reset("operator/1", "s", reason), invalid);
    }
    assert.equal((await dispatcher.cancel(taskId, "x".repeat(4_096))).reason.length, 500);
    for (const states of [[99], [-1], Array(33).fill(1)]) {
      await assert.rejects(dispatcher.list(ListTasksRequest.fromPartial({ states })), invalid);
    }
    await control();
  });

  it("never refuses an emergency stop for its words", async () => {
    for (const reason of ["a\0b", "\ud800", "x".repeat(4_000_000)]) {
      const stopping = fake.dispatcher.safety.stop("operator/1", reason, 150);
      await fake.time.pass(150);
      const { safety, recorded } = await stopping;
      assert.equal(recorded, true);
      assert.ok(safety.reason.length <= 500);
      const { outcome } = AcknowledgeStopRequest.fromPartial({ outcome: 2 });
      fake.dispatcher.safety.acknowledge("worker/1", safety.stopId, outcome, `${reason}\0`);
      await fake.dispatcher.safety.reset("operator/1", safety.stopId, "over");
    }
    await control();
  });

  it("tells the submitter alone of a task that the store cannot hold after all, and forgets it", async () => {
    const worker = connectWorker(fake.dispatcher, "worker/1");
    await settle();
    fake.store.unwritable.add("operator/1\nbad");
    const [good, bad, after] = await Promise.allSettled([
      fake.submit({ idempotencyKey: "good" }),
      fake.submit({ idempotencyKey: "bad" }),
      fake.submit({ idempotencyKey: "after" }),
    ]);
    assert.deepEqual([good.status, after.status], ["fulfilled", "fulfilled"]);
    assert.equal(bad.status === "rejected" && bad.reason.reason, "TASK_UNWRITABLE");
    const { tasks } = await fake.dispatcher.list(ListTasksRequest.fromPartial({}));
    assert.equal(tasks.length, 2);
    worker.complete();
    await settle();
    fake.store.unwritable.clear();
    assert.equal(
      (await fake.submit({ idempotencyKey: "bad" })).state,
      TaskState.TASK_STATE_SUBMITTED,
      "its key is free",
    );
    await control();
  });

  it("leads on with the tasks that it can read", async () => {
    await fake.submit();
    const { taskId } = await fake.submit();
    const [stored] = fake.store.tasks.values();
    await fake.leader.close();
    Object.assign(stored as object, { task: Buffer.from([0xff, 0xff, 0xff]) });
    fake = await createFakeLeader({ name: "leader/2" }, fake);
    const { tasks } = await fake.dispatcher.list(ListTasksRequest.fromPartial({}));
    assert.deepEqual(
      tasks.map((task) => task.taskId),
      [taskId],
    );
    await control();
  });

  it("ends the stream of a worker whose reports are refused by the thousand, and records a hundred of them", async () => {
    const stopping = fake.dispatcher.safety.stop("operator/1", "smoke", 150);
    await fake.time.pass(150);
    const { safety } = await stopping;
    await fake.dispatcher.safety.reset("operator/1", safety.stopId, "over");
    const bogus = { event: { $case: "extendLease" as const, value: { lease: Lease.fromPartial({ taskId: "none" }) } } };
    const batch = { $case: "batch" as const, value: { requests: Array(500).fill(bogus) } };
    const honest = connectWorker(fake.dispatcher, "worker/2");
    for (const times of [8, 0]) {
      const worker = connectWorker(fake.dispatcher, "worker/1");
      for (let i = 0; i < times; i++) worker.say(batch);
      assert.throws(() => worker.say(batch), { code: "RESOURCE_EXHAUSTED", reason: "REPORTS_REFUSED" });
      assert.throws(
        () => connectWorker(fake.dispatcher, "worker/1"),
        { reason: "REPORTS_REFUSED" },
        "not for a second",
      );
      await fake.time.pass(999);
      honest.beat();
      assert.throws(() => connectWorker(fake.dispatcher, "worker/1"), { reason: "REPORTS_REFUSED" });
      await fake.time.pass(1);
    }
    honest.say(bogus.event); // Others have their own count.
    await fake.time.pass(50);
    const audit = await fake.leader.audit(10_000);
    const kinds = audit.map(({ kind, actor }) => `${kind} ${actor}`);
    assert.equal(kinds.filter((each) => each === "refusal worker/1").length, 101, "a hundred, and one a second");
    assert.deepEqual(kinds.slice(-2), ["reset operator/1", "stop operator/1"]);
    await control();
  });

  it("ends the stream of a worker that sends more than its tasks can give rise to", async () => {
    const worker = connectWorker(fake.dispatcher, "worker/1", { slots: 1 });
    await settle();
    const { taskId } = await fake.submit();
    const lease = worker.lease();
    const progress = { $case: "reportProgress" as const, value: { lease, checkpoint: Buffer.alloc(0), sequence: 0 } };
    const batch = { $case: "batch" as const, value: { requests: Array(500).fill({ event: progress }) } };
    const flood = () => {
      for (let i = 0; i < 90; i++) worker.say(batch as never);
    };
    assert.throws(flood, { code: "RESOURCE_EXHAUSTED", reason: "MESSAGES_TOO_MANY" });
    assert.equal((await fake.dispatcher.get(taskId)).state, TaskState.TASK_STATE_RUNNING);
    await control();
  });
});
