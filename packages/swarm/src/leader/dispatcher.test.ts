import assert from "node:assert/strict";
import type { CallContext } from "@interlock/bot";
import {
  type DispatchRequest,
  type DispatchResponse,
  Lease,
  ListTasksRequest,
  Session,
  SubmitTaskRequest,
  TaskState,
  UpdateType,
} from "../gen/interlock/swarm/v1/swarm.js";
import { createOutbox } from "../outbox.js";
import { createFakeLeader, type FakeLeader } from "../testing/fake-leader.js";
import { settle } from "../testing/fake-time.js";
import { connectWorker, type MemoryWorker } from "../testing/memory-worker.js";
import { dispatchService } from "./dispatch-service.js";
import type { DispatchOptions } from "./dispatcher.js";
import type { Refusal } from "./reports.js";
import type { WorkerChange } from "./sessions.js";

describe("dispatcher", () => {
  let fake: FakeLeader;
  let refusals: Refusal[];
  let changes: WorkerChange[];

  async function setUp(options: Partial<DispatchOptions> = {}): Promise<void> {
    fake = await createFakeLeader(options);
    refusals = [];
    changes = [];
    fake.leader.onRefusal((refusal) => refusals.push(refusal));
    fake.leader.onWorker((change) => changes.push(change));
  }

  async function connect(...args: Parameters<typeof connectWorker> extends [unknown, ...infer Rest] ? Rest : never) {
    const worker = connectWorker(fake.dispatcher, ...args);
    await settle();
    return worker;
  }

  const get = (taskId: string) => fake.dispatcher.get(taskId);
  const submit = async (...args: Parameters<FakeLeader["submit"]>) => {
    const task = await fake.submit(...args);
    await settle();
    return task;
  };

  afterEach(() => fake.close());

  describe("a task's way", () => {
    it("goes from SUBMITTED to COMPLETED, and says each step", async () => {
      await setUp();
      const seen: [TaskState, string][] = [];
      fake.leader.onTask(({ state, worker }) => seen.push([state, worker]));
      const { taskId } = await submit({ payload: Buffer.from("p") });
      const worker = await connect("worker/1");
      const lease = worker.lease();
      assert.deepEqual([lease.taskId, lease.attempt, lease.leaderEpoch], [taskId, 1, 1n]);
      assert.equal(Buffer.from(worker.assigned()[0]?.payload ?? []).toString(), "p");
      worker.accept();
      const progress = { fraction: 0.5, stage: "half" };
      worker.say({ $case: "reportProgress", value: { lease, progress, checkpoint: Buffer.alloc(0), sequence: 0 } });
      worker.complete();
      await settle();
      assert.deepEqual(seen, [
        [TaskState.TASK_STATE_SUBMITTED, ""],
        [TaskState.TASK_STATE_ASSIGNED, "worker/1"],
        [TaskState.TASK_STATE_ACCEPTED, "worker/1"],
        [TaskState.TASK_STATE_RUNNING, "worker/1"],
        [TaskState.TASK_STATE_COMPLETED, "worker/1"],
      ]);
      const { result, progress: last } = await get(taskId);
      assert.deepEqual([Buffer.from(result).toString(), last], ["done", progress]);
      assert.deepEqual(worker.all("receipt"), [{ lease, recorded: true, reason: "", sequence: 0 }]);
    });

    it("is rejected, or failed for good, as the worker says", async () => {
      await setUp();
      const worker = await connect("worker/1");
      const failed = await submit();
      worker.say({ $case: "failTask", value: { lease: worker.lease(), reason: "broken", permanent: true } });
      const rejected = await submit();
      worker.say({ $case: "rejectTask", value: { lease: worker.lease(), reason: "nonsense" } });
      const ends = await Promise.all([failed, rejected].map(({ taskId }) => get(taskId)));
      assert.deepEqual(
        ends.map(({ state, reason }) => [state, reason]),
        [
          [TaskState.TASK_STATE_FAILED, "broken"],
          [TaskState.TASK_STATE_REJECTED, "nonsense"],
        ],
      );
    });

    it("is tried again later when it fails, and is a dead letter after too many attempts", async () => {
      await setUp();
      const worker = await connect("worker/1");
      const { taskId } = await submit({ maximumAttempts: 3 });
      const fail = () =>
        worker.say({ $case: "failTask", value: { lease: worker.lease(), reason: "jammed", permanent: false } });
      fail();
      await passAlive(400, worker);
      assert.equal(worker.assigned().length, 1, "not before half a second");
      await passAlive(200, worker);
      assert.equal(worker.lease().attempt, 2);
      fail();
      await passAlive(900, worker);
      assert.equal(worker.assigned().length, 2, "twice as long now");
      await passAlive(200, worker);
      fail();
      const { state, reason, failures, earlierAttempts } = await get(taskId);
      assert.deepEqual([state, reason], [TaskState.TASK_STATE_FAILED, "ATTEMPTS_EXHAUSTED: jammed"]);
      assert.equal(failures, 3);
      assert.deepEqual(
        earlierAttempts.map((each) => [each.attempt, each.worker, each.reason]),
        [
          [1, "worker/1", "jammed"],
          [2, "worker/1", "jammed"],
        ],
      );
      const dead = await fake.dispatcher.list(ListTasksRequest.fromPartial({ states: [TaskState.TASK_STATE_FAILED] }));
      assert.deepEqual(
        dead.tasks.map((task) => task.taskId),
        [taskId],
      );
    });

    it("goes to another worker at once when one hands it back, with the checkpoint", async () => {
      await setUp();
      const first = await connect("worker/1");
      await submit();
      const second = await connect("worker/2");
      const lease = first.lease();
      const checkpoint = Buffer.from("cell 7");
      first.say({ $case: "reportProgress", value: { lease, progress: undefined, checkpoint, sequence: 9 } });
      await settle();
      assert.deepEqual(first.all("receipt"), [{ lease, recorded: true, reason: "", sequence: 9 }]);
      first.say({ $case: "forfeitTask", value: { lease, reason: "battery" } });
      await settle();
      assert.equal(second.lease().attempt, 2);
      assert.ok(second.lease().leaseToken > lease.leaseToken, "the fencing token grows");
      assert.equal(Buffer.from(second.assigned()[0]?.checkpoint ?? []).toString(), "cell 7");
    });

    it("is stopped when canceled, and a late completion is refused", async () => {
      await setUp();
      const worker = await connect("worker/1");
      const { taskId } = await submit();
      const lease = worker.lease();
      assert.equal((await fake.dispatcher.cancel(taskId, "wrong item")).state, TaskState.TASK_STATE_CANCELED);
      assert.equal((await fake.dispatcher.cancel(taskId, "again")).reason, "wrong item");
      await settle();
      assert.deepEqual(worker.all("heartbeatAnswer").at(-1)?.cancel, [{ lease, reason: "wrong item" }]);
      worker.complete(lease);
      await settle();
      assert.deepEqual(worker.all("receipt"), [{ lease, recorded: false, reason: "TASK_CLOSED", sequence: 0 }]);
      assert.equal(refusals.length, 1);
      await assert.rejects(fake.dispatcher.cancel("none", ""), { reason: "TASK_UNKNOWN", code: "NOT_FOUND" });
    });

    it("says a cancellation until the worker's heartbeats name it no more", async () => {
      await setUp();
      const worker = await connect("worker/1");
      const { taskId } = await submit();
      const lease = worker.lease();
      await fake.dispatcher.cancel(taskId, "no");
      const canceled = () =>
        worker
          .all("heartbeatAnswer")
          .at(-1)
          ?.cancel.map((each) => each.reason);
      worker.beat([lease]);
      assert.deepEqual(canceled(), ["no"]);
      worker.beat([]);
      assert.deepEqual(canceled(), []);
    });

    it("holds still while it is paused", async () => {
      await setUp();
      const { taskId } = await submit();
      await assert.rejects(fake.dispatcher.pause(taskId), { reason: "TASK_NOT_HELD" });
      const worker = await connect("worker/1");
      const lease = worker.lease();
      worker.accept();
      assert.equal((await fake.dispatcher.pause(taskId)).state, TaskState.TASK_STATE_PAUSED);
      await settle();
      assert.deepEqual(worker.all("heartbeatAnswer").at(-1)?.pause, [lease]);
      const progress = { fraction: 0.1, stage: "" };
      worker.say({ $case: "reportProgress", value: { lease, progress, checkpoint: Buffer.alloc(0), sequence: 0 } });
      assert.equal((await get(taskId)).state, TaskState.TASK_STATE_PAUSED);
      await fake.dispatcher.resume(taskId);
      await settle();
      assert.deepEqual(worker.all("heartbeatAnswer").at(-1)?.pause, []);
      await assert.rejects(fake.dispatcher.resume(taskId), { reason: "TASK_NOT_PAUSED" });
    });

    it("is failed after its deadline, wherever it is", async () => {
      await setUp();
      const worker = await connect("worker/1");
      const held = await submit({ deadline: new Date(1_000) });
      const queued = await submit({ deadline: new Date(1_000) });
      await fake.time.pass(1_000);
      for (const { taskId } of [held, queued]) {
        const { state, reason } = await get(taskId);
        assert.deepEqual([state, reason], [TaskState.TASK_STATE_FAILED, "DEADLINE_EXCEEDED"]);
      }
      assert.equal(worker.all("heartbeatAnswer").at(-1)?.cancel.length, 1);
    });
  });

  describe("who gets what", () => {
    it("gives a worker only what it is capable of, and no more than its slots", async () => {
      await setUp();
      const lift = await submit({ requiredCapabilities: ["lift"] });
      for (let i = 0; i < 3; i++) await submit();
      const plain = await connect("worker/1", { slots: 2 });
      assert.equal(plain.assigned().length, 2);
      const lifter = await connect("worker/2", { capabilities: ["lift", "carry"] });
      assert.deepEqual(
        lifter.assigned().map(({ lease }) => lease?.taskId),
        [lift.taskId],
      );
    });

    it("spreads the work, and lets submitters take turns", async () => {
      await setUp();
      const [a, b] = [await connect("worker/1", { slots: 2 }), await connect("worker/2", { slots: 2 })];
      await submit();
      await submit();
      assert.deepEqual([a.assigned().length, b.assigned().length], [1, 1]);
      for (let i = 0; i < 6; i++) await submit({}, "operator/noisy");
      const quiet = await submit({}, "operator/quiet");
      a.complete();
      b.complete();
      await settle();
      const given = [a, b].map((worker) => worker.lease().taskId);
      assert.ok(given.includes(quiet.taskId), "one of the next two is the quiet one's");
    });

    it("gives a worker more than it has slots for only when all slots are taken", async () => {
      await setUp();
      const eager = await connect("worker/1", { slots: 1, prefetch: 2 });
      for (let i = 0; i < 2; i++) await submit();
      assert.equal(eager.assigned().length, 2);
      const other = await connect("worker/2", { slots: 2 });
      for (let i = 0; i < 4; i++) await submit();
      assert.deepEqual([eager.assigned().length, other.assigned().length], [3, 2]);
      const [worker] = fake.dispatcher.workers();
      assert.deepEqual([worker?.slots, worker?.prefetch], [1, 2]);
      await connect("worker/3", { slots: 400, prefetch: 2 ** 31 });
      assert.equal(fake.dispatcher.workers()[2]?.prefetch, 600);
    });

    for (const acceptsBatches of [true, false]) {
      it(`gives no worker more than a thousand tasks, and tells it of all, ${acceptsBatches ? "in" : "without"} batches`, async () => {
        await setUp();
        for (let i = 0; i < 1_100; i++) void fake.submit();
        const requests = createOutbox<DispatchRequest>();
        const session = Session.fromPartial({ prefetch: 2 ** 31, acceptsBatches });
        requests.send({ event: { $case: "session", value: session } });
        const unwatch = fake.dispatcher.safety.watch("worker/1", false, () => {});
        const context = { caller: { name: "worker/1" } } as CallContext;
        const responses = dispatchService(fake.leader).dispatch(requests, context);
        const leases = new Set<bigint | undefined>();
        let receipts = 0;
        let batches = 0;
        for await (const { event } of responses as AsyncIterable<DispatchResponse>) {
          if (event?.$case === "batch") batches++;
          for (const told of event?.$case === "batch" ? event.value.responses : [{ event }]) {
            if (told.event?.$case === "receipt") receipts++;
            if (told.event?.$case !== "assignments") continue;
            for (const { lease } of told.event.value.assignments) {
              if (leases.size < 1_000)
                requests.send({ event: { $case: "completeTask", value: { lease, result: Buffer.alloc(0) } } });
              leases.add(lease?.leaseToken);
            }
          }
          if (receipts === 1_000) requests.end();
        }
        assert.equal(leases.size, 1_100);
        assert.equal(batches > 0, acceptsBatches);
        unwatch();
      });
    }

    it("tells of no assignment before it is on the disk, also of a session that opens while one is on its way", async () => {
      await setUp();
      const writes: (() => void)[] = [];
      fake.store.trouble = () => new Promise((resolve) => writes.push(resolve));
      void fake.submit({ requiredCapabilities: ["nobody"] });
      const worker = await connect("worker/1", { slots: 4 });
      for (let i = 0; i < 64; i++) void fake.submit(); // Enough for a transaction behind the first, with assignments in it.
      await settle();
      writes.shift()?.();
      await settle();
      assert.equal(worker.all("sessionOpened").length, 1);
      assert.deepEqual(worker.assigned(), []);
      fake.store.trouble = undefined;
      writes.shift()?.();
      await settle();
      assert.deepEqual(
        worker.all("assignments").map(({ type, assignments }) => [type, assignments.length]),
        [
          [UpdateType.UPDATE_TYPE_COMPLETE, 0],
          [UpdateType.UPDATE_TYPE_INCREMENTAL, 4],
        ],
      );
    });

    it("gives nothing to a worker that does not listen for the emergency stop", async () => {
      await setUp();
      const { taskId } = await submit();
      const deaf = await connect("worker/1", {}, true);
      assert.equal(deaf.assigned().length, 0);
      assert.equal(fake.dispatcher.workers()[0]?.listensForStop, false);
      fake.dispatcher.safety.watch("worker/1", false, () => {});
      await settle();
      assert.equal(deaf.lease().taskId, taskId);
    });

    it("gives a draining worker nothing more", async () => {
      await setUp();
      const worker = await connect("worker/1");
      const first = await submit();
      fake.dispatcher.drain("worker/1");
      assert.equal(worker.all("heartbeatAnswer").at(-1)?.drain, true);
      const second = await submit();
      worker.complete();
      await settle();
      assert.equal((await get(first.taskId)).state, TaskState.TASK_STATE_COMPLETED);
      assert.equal((await get(second.taskId)).state, TaskState.TASK_STATE_SUBMITTED);
      assert.throws(() => fake.dispatcher.drain("worker/2"), { reason: "WORKER_UNKNOWN" });
      assert.deepEqual(
        changes.map(({ state }) => state),
        ["online", "draining"],
      );
    });

    it("tells nobody of a task whose row another connection holds, also when it was paused meanwhile", async () => {
      await setUp();
      const { taskId } = await submit();
      fake.store.locked.add(taskId);
      const letWrite = fake.store.hold();
      const worker = await connect("worker/1");
      const pausing = fake.dispatcher.pause(taskId);
      letWrite();
      await pausing;
      await settle();
      assert.equal((await get(taskId)).state, TaskState.TASK_STATE_SUBMITTED);
      assert.deepEqual(worker.assigned(), []);
      fake.store.locked.clear();
      await fake.time.pass(200);
      assert.equal(worker.lease().taskId, taskId);
    });

    it("leaves a task whose row another connection holds, and tries it again", async () => {
      await setUp();
      const [locked, free] = [await submit(), await submit()];
      fake.store.locked.add(locked.taskId);
      const worker = await connect("worker/1", { slots: 2 });
      assert.deepEqual(
        worker.assigned().map(({ lease }) => lease?.taskId),
        [free.taskId],
      );
      assert.equal((await get(locked.taskId)).state, TaskState.TASK_STATE_SUBMITTED);
      fake.store.locked.clear();
      await passAlive(200, worker);
      assert.equal(worker.lease().taskId, locked.taskId);
      assert.equal(worker.lease().attempt, 1);
    });
  });

  it("leaves an assignment in force when an earlier one of the same task could not be written", async () => {
    await setUp();
    const { taskId } = await submit();
    fake.store.locked.add(taskId);
    const writes: (() => void)[] = [];
    fake.store.trouble = () => new Promise((resolve) => writes.push(resolve));
    const first = await connect("worker/1");
    const second = await connect("worker/2");
    first.say({ $case: "endSession", value: { reason: "" } });
    for (let i = 0; i < 64; i++) void fake.submit({ requiredCapabilities: ["nobody"] });
    await settle();
    writes.shift()?.();
    await settle();
    fake.store.locked.clear();
    fake.store.trouble = undefined;
    writes.shift()?.();
    await settle();
    assert.deepEqual([second.lease().taskId, second.lease().attempt], [taskId, 2]);
    assert.equal((await get(taskId)).worker, "worker/2");
  });

  describe("workers that go", () => {
    it("declares a silent worker lost, and gives its task to another as the next attempt", async () => {
      await setUp();
      const zombie = await connect("worker/1");
      const { taskId } = await submit();
      const other = await connect("worker/2");
      const stale = zombie.lease();
      await passAlive(1_900, other);
      assert.equal(other.assigned().length, 0);
      await passAlive(200, other);
      assert.deepEqual(changes.at(-1), { worker: "worker/1", state: "lost" });
      assert.match(String(zombie.end.error), /silent/);
      assert.deepEqual([other.lease().taskId, other.lease().attempt], [taskId, 2]);

      // The old stream is dead to us; on a new one the old lease is refused, and that is on record.
      zombie.complete(stale);
      const back = await connect("worker/1", { sessionId: zombie.sessionId(), held: [stale] });
      assert.equal(back.all("sessionOpened")[0]?.resumed, false);
      assert.deepEqual(back.all("heartbeatAnswer")[0]?.cancel, [{ lease: stale, reason: "LEASE_STALE" }]);
      back.complete(stale);
      await fake.time.pass(50);
      assert.deepEqual(back.all("receipt"), [{ lease: stale, recorded: false, reason: "LEASE_STALE", sequence: 0 }]);
      const told = refusals.map(({ worker, attempt, leaseToken, reason }) => [worker, attempt, leaseToken, reason]);
      assert.deepEqual(told, [["worker/1", 1, stale.leaseToken, "LEASE_STALE"]]);
      const [entry] = await fake.leader.audit();
      assert.deepEqual(
        [entry?.kind, entry?.actor, entry?.subject, entry?.leaseToken],
        ["refusal", "worker/1", taskId, Number(stale.leaseToken)],
      );
      other.complete();
      assert.equal((await get(taskId)).worker, "worker/2");
    });

    it("does not count as failed what a lost worker had not begun", async () => {
      await setUp({ maximumAttempts: 1 });
      await connect("worker/1", { slots: 2, prefetch: 2 });
      const tasks = [await submit(), await submit(), await submit(), await submit()];
      await fake.time.pass(2_000);
      const states = await Promise.all(tasks.map(async ({ taskId }) => (await get(taskId)).state));
      const { TASK_STATE_FAILED, TASK_STATE_SUBMITTED } = TaskState;
      assert.deepEqual(states, [TASK_STATE_FAILED, TASK_STATE_FAILED, TASK_STATE_SUBMITTED, TASK_STATE_SUBMITTED]);
    });

    it("takes back a task that its worker's heartbeats do not name", async () => {
      await setUp();
      const worker = await connect("worker/1", { slots: 2 });
      const [kept, dropped] = [await submit(), await submit()];
      const lease = worker.assigned()[0]?.lease;
      assert.equal(lease?.taskId, kept.taskId);
      for (let i = 0; i < 25; i++) {
        worker.beat([lease]);
        await fake.time.pass(100);
      }
      assert.equal((await get(kept.taskId)).attempt, 1);
      const { attempt, reason } = await get(dropped.taskId);
      assert.deepEqual([attempt, reason], [2, "LEASE_EXPIRED"]);
    });

    it("ends with PERMISSION_DENIED a worker that reports on a task that was never its own, also with a stolen lease", async () => {
      await setUp();
      const owner = await connect("worker/1");
      const { taskId } = await submit();
      const lease = owner.lease();
      const forged = [
        ["worker/2", lease],
        ["worker/3", { ...lease, leaseToken: 1n }],
        ["worker/1", { ...lease, leaseToken: lease.leaseToken + 1n }],
        ["worker/1", { ...lease, leaderEpoch: 2n }],
        ["worker/1", { ...lease, attempt: 2 }],
      ] as const;
      for (const [name, stolen] of forged) {
        const thief = name === "worker/1" ? owner : await connect(name);
        for (const $case of ["completeTask", "acceptTask", "extendLease", "forfeitTask"] as const) {
          const event = { $case, value: { lease: stolen, result: Buffer.alloc(0), reason: "" } };
          assert.throws(() => thief.say(event as never), { code: "PERMISSION_DENIED", reason: "TASK_NOT_ASSIGNED" });
        }
      }
      owner.complete({ ...lease, taskId: "none" });
      await settle();
      assert.deepEqual(
        owner.all("receipt").map(({ reason }) => reason),
        ["TASK_UNKNOWN"],
      );
      const { state, attempt } = await get(taskId);
      assert.deepEqual([state, attempt], [TaskState.TASK_STATE_ASSIGNED, 1]);
      await fake.time.pass(50);
      assert.equal((await fake.leader.audit(100)).length, 21);
    });

    it("lets a worker take up its session after a broken stream", async () => {
      await setUp();
      const before = await connect("worker/1");
      await submit();
      before.detach();
      await submit();
      const lease = before.lease();
      const after = await connect("worker/1", { sessionId: before.sessionId(), held: [lease] });
      assert.equal(after.all("sessionOpened")[0]?.resumed, true);
      assert.deepEqual(after.lease(), lease);
      assert.deepEqual(changes, [{ worker: "worker/1", state: "online" }]);
      before.complete();
      after.complete(lease);
      after.complete(lease);
      await settle();
      assert.deepEqual(
        after.all("receipt").map(({ recorded }) => recorded),
        [true, true],
        "a completion said twice is answered twice",
      );
      assert.equal(before.all("receipt").length, 0);
    });

    it("gives out anew what a worker that comes back has not in hand", async () => {
      await setUp();
      const before = await connect("worker/1");
      const { taskId } = await submit();
      before.detach();
      const after = await connect("worker/1", { sessionId: before.sessionId(), held: [] });
      assert.deepEqual([after.lease().taskId, after.lease().attempt], [taskId, 2]);
      assert.equal((await get(taskId)).failures, 0);
    });

    it("hands a broken stream's worker nothing new", async () => {
      await setUp();
      (await connect("worker/1")).detach();
      const { taskId } = await submit();
      assert.equal((await get(taskId)).state, TaskState.TASK_STATE_SUBMITTED);
    });

    it("replaces the session of a bot that opens another", async () => {
      await setUp();
      const old = await connect("worker/1");
      await submit();
      const fresh = await connect("worker/1");
      assert.equal((old.end.error as { reason?: string }).reason, "SESSION_REPLACED");
      assert.equal(fresh.lease().attempt, 2);
      assert.deepEqual(
        changes.map(({ state }) => state),
        ["online", "replaced", "online"],
      );
    });

    it("takes back at once what a leaving worker holds", async () => {
      await setUp();
      const worker = await connect("worker/1");
      const { taskId } = await submit();
      worker.say({ $case: "endSession", value: { reason: "" } });
      const { state, attempt, reason, failures } = await get(taskId);
      assert.deepEqual([state, attempt, reason], [TaskState.TASK_STATE_SUBMITTED, 2, "WORKER_LEFT"]);
      assert.equal(failures, 0);
      assert.equal(worker.end.error, undefined);
      assert.equal(worker.end.count, 1);
    });

    it("ends a stream that says Session twice", async () => {
      await setUp();
      const worker = await connect("worker/1");
      const session = Session.fromPartial({ slots: 1 });
      assert.throws(() => worker.say({ $case: "session", value: session }), { reason: "SESSION_EXPECTED" });
    });

    it("takes what is said in a batch one after the other, and ends the stream for one that it does not understand", async () => {
      await setUp();
      const worker = await connect("worker/1", { slots: 2 });
      const tasks = [await submit(), await submit()];
      const requests = worker.assigned().map(({ lease }) => ({
        event: { $case: "completeTask" as const, value: { lease, result: Buffer.from("done") } },
      }));
      const leaving = { event: { $case: "endSession" as const, value: { reason: "" } } };
      const later = { event: undefined }; // Of a later version than ours.
      const batch = { $case: "batch" as const, value: { requests: [later, ...requests, leaving, ...requests] } };
      worker.say(batch);
      for (const { taskId } of tasks) assert.equal((await get(taskId)).state, TaskState.TASK_STATE_COMPLETED);
      assert.deepEqual(fake.dispatcher.workers(), [], "and what came after it had left is not heard");

      const other = await connect("worker/2");
      const nested = { $case: "batch" as const, value: { requests: [{ event: batch }] } };
      assert.throws(() => other.say(nested), { code: "INVALID_ARGUMENT", reason: "BATCH_INVALID" });
      const long = { $case: "batch" as const, value: { requests: Array(513).fill({ event: undefined }) } };
      assert.throws(() => other.say(long), { reason: "BATCH_INVALID" });
      const beat = { event: { $case: "heartbeat" as const, value: { sequence: 1, held: [], standstill: undefined } } };
      const beats = { $case: "batch" as const, value: { requests: [beat, beat] } };
      assert.throws(() => other.say(beats), { reason: "BATCH_INVALID" });
    });

    it("refuses a worker that names thousands of tasks in hand", async () => {
      await setUp();
      const worker = await connect("worker/1");
      const held = Array(4_001).fill(Lease.fromPartial({ taskId: "t" }));
      assert.throws(() => worker.beat(held), { code: "INVALID_ARGUMENT", reason: "LEASES_TOO_MANY" });
      assert.throws(() => connectWorker(fake.dispatcher, "worker/2", { held }), { reason: "LEASES_TOO_MANY" });
    });

    it("blames no worker for the time that it slept through itself", async () => {
      await setUp();
      await connect("worker/1");
      const { taskId } = await submit();
      fake.time.jump(1_900); // As after SIGSTOP and SIGCONT; its lead of 2 s holds still.
      await fake.time.pass(200);
      assert.equal((await get(taskId)).attempt, 1);
      assert.equal(fake.leader.leads, true);
    });
  });

  describe("operators", () => {
    it("runs the same order once", async () => {
      await setUp();
      const order = SubmitTaskRequest.fromPartial({ kind: "test", idempotencyKey: "order-7" });
      const [first, second] = await Promise.all([
        fake.dispatcher.submit("operator/1", order),
        fake.dispatcher.submit("operator/1", order),
      ]);
      assert.deepEqual([first.created, second.created], [true, false]);
      assert.equal(second.task.taskId, first.task.taskId);
      assert.equal((await fake.dispatcher.submit("operator/2", order)).created, true, "keys belong to their submitter");
      await assert.rejects(fake.dispatcher.submit("operator/1", { ...order, priority: 1 }), {
        code: "ALREADY_EXISTS",
        reason: "IDEMPOTENCY_KEY_REUSED",
      });
    });

    it("refuses what it cannot take", async () => {
      await setUp({ maximumOpen: 1 });
      await assert.rejects(submit({ kind: "" }), { reason: "KIND_MISSING" });
      await assert.rejects(submit({ idempotencyKey: "x".repeat(129) }), { code: "INVALID_ARGUMENT" });
      await submit();
      await assert.rejects(submit(), { reason: "TASK_LIMIT" });
    });

    it("lists in pages, by state", async () => {
      await setUp();
      const ids = [(await submit()).taskId, (await submit()).taskId, (await submit()).taskId];
      const one = await fake.dispatcher.list(ListTasksRequest.fromPartial({ pageSize: 2 }));
      const next = ListTasksRequest.fromPartial({ pageSize: 2, pageToken: one.nextPageToken });
      const two = await fake.dispatcher.list(next);
      assert.deepEqual(
        [...one.tasks, ...two.tasks].map(({ taskId }) => taskId),
        ids,
      );
      assert.equal(two.nextPageToken, "");
      await fake.dispatcher.cancel(ids[1] ?? "", "");
      const states = [TaskState.TASK_STATE_CANCELED];
      const canceled = await fake.dispatcher.list(ListTasksRequest.fromPartial({ states }));
      assert.deepEqual(
        canceled.tasks.map(({ taskId }) => taskId),
        [ids[1]],
      );
      await assert.rejects(fake.dispatcher.list(ListTasksRequest.fromPartial({ pageToken: "x" })), {
        reason: "PAGE_TOKEN_INVALID",
      });
    });

    it("forgets the oldest closed tasks, here and in the store", async () => {
      await setUp({ keepClosed: 2 });
      const ids: string[] = [];
      for (let i = 0; i < 3; i++) {
        const { taskId } = await submit({ idempotencyKey: `key-${i}` });
        await fake.dispatcher.cancel(taskId, "");
        ids.push(taskId);
      }
      await assert.rejects(get(ids[0] ?? ""), { reason: "TASK_UNKNOWN" });
      assert.deepEqual([...fake.store.tasks.keys()], ids.slice(1));
      assert.equal((await fake.dispatcher.since("1")).complete, true, "a cursor from before that starts anew");
    });
  });

  /** Lets time pass while these workers say that they are alive, and hold what they were given. */
  async function passAlive(ms: number, ...workers: MemoryWorker[]): Promise<void> {
    for (let left = ms; left > 0; left -= 100) {
      for (const worker of workers) worker.beat(worker.assigned().flatMap(({ lease }) => lease ?? []));
      await fake.time.pass(Math.min(left, 100));
    }
  }
});
