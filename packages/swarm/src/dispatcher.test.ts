import assert from "node:assert/strict";
import { createDispatcher, type Dispatcher, type DispatcherOptions } from "./dispatcher.js";
import {
  type Assignment,
  DispatchRequest,
  type DispatchResponse,
  type Lease,
  ListTasksRequest,
  Session,
  SubmitTaskRequest,
  type Task,
  TaskState,
} from "./gen/interlock/swarm/v1/swarm.js";
import type { Refusal, WorkerChange } from "./sessions.js";

type Event = NonNullable<DispatchRequest["event"]>;

/** A dispatcher under a clock that the test sets, and workers that write down what they are told. */
function setUp(options: DispatcherOptions = {}) {
  const clock = { time: 0, now: () => clock.time };
  let ids = 0;
  const dispatcher = createDispatcher({ clock, newId: () => `id-${++ids}`, lostAfterMs: 2_000, ...options });
  const refusals: Refusal[] = [];
  const changes: WorkerChange[] = [];
  dispatcher.onRefusal((refusal) => refusals.push(refusal));
  dispatcher.onWorker((change) => changes.push(change));
  return { clock, dispatcher, refusals, changes };
}

function submit(dispatcher: Dispatcher, request: Partial<SubmitTaskRequest> = {}, submitter = "operator/1"): Task {
  return dispatcher.submit(submitter, SubmitTaskRequest.fromPartial({ kind: "test", ...request })).task;
}

function connect(dispatcher: Dispatcher, name: string, session: Partial<Session> = {}) {
  const told: NonNullable<DispatchResponse["event"]>[] = [];
  const end: { error?: Error | undefined; count: number } = { count: 0 };
  const connection = dispatcher.connect(name, Session.fromPartial(session), {
    send: ({ event }) => event && told.push(event),
    end(error) {
      end.error = error;
      end.count++;
    },
  });
  const all = <Case extends NonNullable<DispatchResponse["event"]>["$case"]>($case: Case) =>
    told.filter((event) => event.$case === $case).map((event) => event.value) as Extract<
      NonNullable<DispatchResponse["event"]>,
      { $case: Case }
    >["value"][];
  const assigned = (): Assignment[] => all("assignments").flatMap(({ assignments }) => assignments);
  const latest = (): Lease => {
    const lease = assigned().at(-1)?.lease;
    assert.ok(lease, "nothing was assigned");
    return lease;
  };
  const say = (event: Event) => connection.receive(DispatchRequest.fromPartial({ event }));
  return {
    ...{ end, all, assigned, say },
    sessionId: () => all("sessionOpened")[0]?.sessionId ?? "",
    lease: latest,
    complete(lease = latest()) {
      say({ $case: "completeTask", value: { lease, result: Buffer.from("done") } });
    },
    detach: connection.detach,
  };
}

describe("dispatcher: a task's way", () => {
  it("goes from SUBMITTED to COMPLETED, and says each step", () => {
    const { dispatcher } = setUp();
    const seen: [TaskState, string][] = [];
    dispatcher.onTask(({ state, worker }) => seen.push([state, worker]));
    const { taskId } = submit(dispatcher, { payload: Buffer.from("p") });
    const worker = connect(dispatcher, "worker/1");
    const lease = worker.lease();
    assert.deepEqual([lease.taskId, lease.attempt], [taskId, 1]);
    assert.equal(Buffer.from(worker.assigned()[0]?.payload ?? []).toString(), "p");
    worker.say({ $case: "acceptTask", value: { lease } });
    const progress = { fraction: 0.5, stage: "half" };
    worker.say({ $case: "reportProgress", value: { lease, progress, checkpoint: Buffer.alloc(0) } });
    worker.complete();
    assert.deepEqual(seen, [
      [TaskState.TASK_STATE_SUBMITTED, ""],
      [TaskState.TASK_STATE_ASSIGNED, "worker/1"],
      [TaskState.TASK_STATE_ACCEPTED, "worker/1"],
      [TaskState.TASK_STATE_RUNNING, "worker/1"],
      [TaskState.TASK_STATE_COMPLETED, "worker/1"],
    ]);
    const { result, progress: last } = dispatcher.get(taskId);
    assert.deepEqual([Buffer.from(result).toString(), last], ["done", progress]);
    assert.deepEqual(worker.all("receipt"), [{ lease, recorded: true, reason: "" }]);
  });

  it("is failed, rejected or handed back, as the worker says", () => {
    const { dispatcher } = setUp({ maximumAttempts: 2 });
    const worker = connect(dispatcher, "worker/1");
    const failed = submit(dispatcher);
    worker.say({ $case: "failTask", value: { lease: worker.lease(), reason: "broken" } });
    const rejected = submit(dispatcher);
    worker.say({ $case: "rejectTask", value: { lease: worker.lease(), reason: "nonsense" } });
    const forfeited = submit(dispatcher);
    worker.say({ $case: "forfeitTask", value: { lease: worker.lease(), reason: "later" } });
    assert.equal(worker.lease().attempt, 2, "the only worker gets it again");
    worker.say({ $case: "forfeitTask", value: { lease: worker.lease(), reason: "later" } });
    const ends = [failed, rejected, forfeited].map(({ taskId }) => dispatcher.get(taskId));
    assert.deepEqual(
      ends.map(({ state, reason }) => [state, reason]),
      [
        [TaskState.TASK_STATE_FAILED, "broken"],
        [TaskState.TASK_STATE_REJECTED, "nonsense"],
        [TaskState.TASK_STATE_FAILED, "ATTEMPTS_EXHAUSTED: later"],
      ],
    );
  });

  it("goes to another worker first when one hands it back, with the checkpoint", () => {
    const { dispatcher } = setUp();
    const first = connect(dispatcher, "worker/1");
    submit(dispatcher);
    const second = connect(dispatcher, "worker/2");
    const lease = first.lease();
    first.say({ $case: "reportProgress", value: { lease, progress: undefined, checkpoint: Buffer.from("cell 7") } });
    first.say({ $case: "forfeitTask", value: { lease, reason: "battery" } });
    assert.equal(second.lease().attempt, 2);
    assert.equal(Buffer.from(second.assigned()[0]?.checkpoint ?? []).toString(), "cell 7");
  });

  it("is stopped when cancelled, and a late completion is refused", () => {
    const { dispatcher, refusals } = setUp();
    const worker = connect(dispatcher, "worker/1");
    const { taskId } = submit(dispatcher);
    const lease = worker.lease();
    assert.equal(dispatcher.cancel(taskId, "wrong item").state, TaskState.TASK_STATE_CANCELED);
    assert.equal(dispatcher.cancel(taskId, "again").reason, "wrong item");
    assert.deepEqual(worker.all("cancellation"), [{ lease, reason: "wrong item" }]);
    worker.complete(lease);
    assert.deepEqual(worker.all("receipt"), [{ lease, recorded: false, reason: "TASK_CLOSED" }]);
    assert.equal(refusals.length, 1);
    assert.throws(() => dispatcher.cancel("none", ""), { reason: "TASK_UNKNOWN", code: "NOT_FOUND" });
  });

  it("is failed after its deadline, wherever it is", () => {
    const { dispatcher, clock } = setUp({ lostAfterMs: 1e9 });
    const worker = connect(dispatcher, "worker/1");
    const held = submit(dispatcher, { deadline: new Date(1_000) });
    const queued = submit(dispatcher, { deadline: new Date(1_000) });
    clock.time = 1_000;
    dispatcher.tick();
    for (const { taskId } of [held, queued]) {
      const { state, reason } = dispatcher.get(taskId);
      assert.deepEqual([state, reason], [TaskState.TASK_STATE_FAILED, "DEADLINE_EXCEEDED"]);
    }
    assert.equal(worker.all("cancellation").length, 1);
  });
});

describe("dispatcher: who gets what", () => {
  it("gives a worker only what it is capable of, and no more than its slots", () => {
    const { dispatcher } = setUp();
    submit(dispatcher, { requiredCapabilities: ["lift"] });
    for (let i = 0; i < 3; i++) submit(dispatcher);
    const plain = connect(dispatcher, "worker/1", { slots: 2 });
    assert.equal(plain.assigned().length, 2);
    const lifter = connect(dispatcher, "worker/2", { capabilities: ["lift", "carry"] });
    assert.deepEqual(
      lifter.assigned().map(({ lease }) => lease?.taskId),
      ["id-1"],
    );
  });

  it("spreads the work, and lets submitters take turns", () => {
    const { dispatcher } = setUp();
    const [a, b] = [connect(dispatcher, "worker/1", { slots: 2 }), connect(dispatcher, "worker/2", { slots: 2 })];
    submit(dispatcher);
    submit(dispatcher);
    assert.deepEqual([a.assigned().length, b.assigned().length], [1, 1]);
    for (let i = 0; i < 4; i++) submit(dispatcher, {}, "operator/noisy");
    const quiet = submit(dispatcher, {}, "operator/quiet");
    a.complete();
    assert.equal(a.lease().taskId, quiet.taskId);
  });
});

describe("dispatcher: workers that go", () => {
  it("declares a silent worker lost, and gives its task to another as the next attempt", () => {
    const { dispatcher, clock, changes, refusals } = setUp();
    const zombie = connect(dispatcher, "worker/1");
    const { taskId } = submit(dispatcher);
    const other = connect(dispatcher, "worker/2");
    const stale = zombie.lease();
    clock.time = 1_999;
    other.say({ $case: "heartbeat", value: {} });
    dispatcher.tick();
    assert.equal(other.assigned().length, 0);
    clock.time = 2_000;
    dispatcher.tick();
    assert.deepEqual(changes.at(-1), { worker: "worker/1", state: "lost" });
    assert.match(String(zombie.end.error), /silent/);
    assert.deepEqual([other.lease().taskId, other.lease().attempt], [taskId, 2]);

    // The old stream is dead to us; on a new one the old lease is refused, and that is on record.
    zombie.complete(stale);
    const back = connect(dispatcher, "worker/1", { sessionId: zombie.sessionId() });
    assert.equal(back.all("sessionOpened")[0]?.resumed, false);
    back.complete(stale);
    assert.deepEqual(back.all("receipt"), [{ lease: stale, recorded: false, reason: "LEASE_STALE" }]);
    assert.deepEqual(
      refusals.map(({ worker, attempt, reason }) => [worker, attempt, reason]),
      [["worker/1", 1, "LEASE_STALE"]],
    );
    other.complete();
    assert.equal(dispatcher.get(taskId).worker, "worker/2");
  });

  it("refuses a lease that was another worker's, or guessed", () => {
    const { dispatcher } = setUp();
    const owner = connect(dispatcher, "worker/1");
    const { taskId } = submit(dispatcher);
    const thief = connect(dispatcher, "worker/2");
    thief.complete(owner.lease());
    owner.complete({ ...owner.lease(), leaseToken: "guess" });
    owner.complete({ ...owner.lease(), taskId: "none" });
    assert.deepEqual(
      [...thief.all("receipt"), ...owner.all("receipt")].map(({ reason }) => reason),
      ["LEASE_STALE", "LEASE_STALE", "TASK_UNKNOWN"],
    );
    assert.equal(dispatcher.get(taskId).state, TaskState.TASK_STATE_ASSIGNED);
  });

  it("lets a worker take up its session after a broken stream", () => {
    const { dispatcher, clock, changes } = setUp();
    const before = connect(dispatcher, "worker/1");
    submit(dispatcher);
    before.detach();
    submit(dispatcher);
    clock.time = 1_000;
    const after = connect(dispatcher, "worker/1", { sessionId: before.sessionId() });
    assert.equal(after.all("sessionOpened")[0]?.resumed, true);
    assert.deepEqual(after.lease(), before.lease());
    assert.deepEqual(changes, [{ worker: "worker/1", state: "online" }]);
    before.complete();
    after.complete(before.lease());
    after.complete(before.lease());
    assert.deepEqual(
      after.all("receipt").map(({ recorded }) => recorded),
      [true, true],
      "a completion said twice is answered twice",
    );
    assert.equal(before.all("receipt").length, 0);
  });

  it("hands a broken stream's worker nothing new", () => {
    const { dispatcher } = setUp();
    connect(dispatcher, "worker/1").detach();
    const { taskId } = submit(dispatcher);
    assert.equal(dispatcher.get(taskId).state, TaskState.TASK_STATE_SUBMITTED);
  });

  it("replaces the session of a bot that opens another", () => {
    const { dispatcher, changes } = setUp();
    const old = connect(dispatcher, "worker/1");
    submit(dispatcher);
    const fresh = connect(dispatcher, "worker/1");
    assert.equal((old.end.error as { reason?: string }).reason, "SESSION_REPLACED");
    assert.equal(fresh.lease().attempt, 2);
    assert.deepEqual(
      changes.map(({ state }) => state),
      ["online", "replaced", "online"],
    );
  });

  it("takes back at once what a leaving worker holds", () => {
    const { dispatcher } = setUp();
    const worker = connect(dispatcher, "worker/1");
    const { taskId } = submit(dispatcher);
    worker.say({ $case: "endSession", value: { reason: "" } });
    const { state, attempt, reason } = dispatcher.get(taskId);
    assert.deepEqual([state, attempt, reason], [TaskState.TASK_STATE_SUBMITTED, 2, "WORKER_LEFT"]);
    assert.equal(worker.end.error, undefined);
    assert.equal(worker.end.count, 1);
  });

  it("ends a stream that says Session twice", () => {
    const worker = connect(setUp().dispatcher, "worker/1");
    assert.throws(() => worker.say({ $case: "session", value: Session.fromPartial({}) }), {
      reason: "SESSION_EXPECTED",
    });
  });
});

describe("dispatcher: operators", () => {
  it("runs the same order once", () => {
    const { dispatcher } = setUp();
    const order = SubmitTaskRequest.fromPartial({ kind: "test", idempotencyKey: "order-7" });
    const first = dispatcher.submit("operator/1", order);
    const second = dispatcher.submit("operator/1", order);
    assert.deepEqual([first.created, second.created], [true, false]);
    assert.equal(second.task.taskId, first.task.taskId);
    assert.equal(dispatcher.submit("operator/2", order).created, true, "keys belong to their submitter");
    assert.throws(() => dispatcher.submit("operator/1", { ...order, priority: 1 }), {
      code: "ALREADY_EXISTS",
      reason: "IDEMPOTENCY_KEY_REUSED",
    });
  });

  it("refuses what it cannot take", () => {
    const { dispatcher } = setUp({ maximumOpen: 1 });
    assert.throws(() => submit(dispatcher, { kind: "" }), { reason: "KIND_MISSING" });
    assert.throws(() => submit(dispatcher, { idempotencyKey: "x".repeat(129) }), { code: "INVALID_ARGUMENT" });
    submit(dispatcher);
    assert.throws(() => submit(dispatcher), { reason: "TASK_LIMIT" });
  });

  it("lists in pages, by state", () => {
    const { dispatcher } = setUp();
    const ids = [1, 2, 3].map(() => submit(dispatcher).taskId);
    const one = dispatcher.list(ListTasksRequest.fromPartial({ pageSize: 2 }));
    const two = dispatcher.list(ListTasksRequest.fromPartial({ pageSize: 2, pageToken: one.nextPageToken }));
    assert.deepEqual(
      [...one.tasks, ...two.tasks].map(({ taskId }) => taskId),
      ids,
    );
    assert.equal(two.nextPageToken, "");
    dispatcher.cancel(ids[1] ?? "", "");
    const canceled = dispatcher.list(ListTasksRequest.fromPartial({ states: [TaskState.TASK_STATE_CANCELED] }));
    assert.deepEqual([canceled.tasks.length, canceled.nextPageToken], [1, ""]);
    assert.throws(() => dispatcher.list(ListTasksRequest.fromPartial({ pageToken: "x" })), {
      reason: "PAGE_TOKEN_INVALID",
    });
  });

  it("forgets the oldest closed tasks, and their keys", () => {
    const { dispatcher } = setUp({ keepClosed: 1 });
    const [a, b] = ["a", "b"].map((idempotencyKey) => submit(dispatcher, { idempotencyKey }).taskId);
    dispatcher.cancel(a ?? "", "");
    dispatcher.cancel(b ?? "", "");
    assert.throws(() => dispatcher.get(a ?? ""), { reason: "TASK_UNKNOWN" });
    assert.equal(dispatcher.get(b ?? "").taskId, b);
    assert.notEqual(submit(dispatcher, { idempotencyKey: "a" }).taskId, a);
  });
});
