import assert from "node:assert/strict";
import { type Session, TaskState } from "../gen/interlock/swarm/v1/swarm.js";
import { createFakeLeader, type FakeLeader } from "../testing/fake-leader.js";
import { settle } from "../testing/fake-time.js";
import { connectWorker, type MemoryWorker } from "../testing/memory-worker.js";
import { aheadAtMost, aheadOf, createSpeed, isSwift, noteEnd, type Speed } from "./ahead.js";

const completed = TaskState.TASK_STATE_COMPLETED;
const submitted = TaskState.TASK_STATE_SUBMITTED;
const assigned = TaskState.TASK_STATE_ASSIGNED;

function speedAfter(tookMs: readonly number[]): Speed {
  const speed = createSpeed();
  for (const ms of tookMs) {
    speed.toldAt = 1_000;
    noteEnd(speed, completed, 1_000 + ms);
  }
  return speed;
}

const many = (ms: number) => Array<number>(16).fill(ms);

describe("speed of a worker", () => {
  it("is swift after sixteen short tasks in a row", () => {
    assert.equal(isSwift(speedAfter(many(19))), true);
    assert.equal(isSwift(speedAfter(many(19).slice(1))), false);
    assert.equal(isSwift(speedAfter([...many(1), 20])), false);
  });

  it("ends with a task that was not completed", () => {
    const speed = speedAfter(many(1));
    noteEnd(speed, submitted, speed.toldAt);
    assert.equal(isSwift(speed), false);
  });

  it("allows as many tasks as are done within 20 ms", () => {
    const counts = [0, 1, 5, 8, 10, 19].map((ms) => aheadOf(speedAfter(many(ms))));
    assert.deepEqual(counts, [aheadAtMost, aheadAtMost, 4, 3, 2, 2]);
    assert.equal(aheadOf(createSpeed()), 0);
  });
});

describe("tasks ahead", () => {
  let fake: FakeLeader;
  beforeEach(async () => {
    fake = await createFakeLeader();
  });
  afterEach(() => {
    letWrite();
    return fake.close();
  });

  let letWrite = () => {};

  /** A worker that has just become swift, has its seventeenth task, and `aheadAtMost` more if there are so many. */
  async function connectSwift(
    name = "worker/1",
    session: Partial<Session> = {},
    more = aheadAtMost,
    task: Parameters<FakeLeader["submit"]>[0] = {},
  ): Promise<MemoryWorker> {
    for (let i = 0; i < 17 + more; i++) await fake.submit({ idempotencyKey: `${name} ${i}`, ...task });
    const worker = connectWorker(fake.dispatcher, name, session);
    await settle();
    for (let i = 0; i < 16; i++) {
      worker.complete();
      await settle();
    }
    return worker;
  }

  /** The same worker over another connection: it has what it was told of, and nothing else. */
  async function comeBack(worker: MemoryWorker): Promise<MemoryWorker> {
    const [lease, sessionId] = [worker.lease(), worker.sessionId()];
    const back = connectWorker(fake.dispatcher, worker.name, { sessionId, held: [lease] });
    await settle();
    assert.deepEqual(
      back.assigned().map((each) => each.lease?.taskId),
      [lease.taskId],
    );
    return back;
  }

  const list = async () => (await fake.dispatcher.list({ states: [], pageSize: 1_000, pageToken: "", view: 0 })).tasks;
  const inState = async (state: TaskState) => (await list()).filter((task) => task.state === state);

  it("are told at the end of the task before, without a commit, and are on the disk by then", async () => {
    const worker = await connectSwift();
    assert.equal(worker.assigned().length, 17);
    assert.equal([...fake.store.tasks.values()].filter(({ state }) => state === assigned).length, 1 + aheadAtMost);
    letWrite = fake.store.hold();
    for (let i = 1; i <= aheadAtMost; i++) {
      worker.complete();
      assert.equal(worker.assigned().length, 17 + i);
      const { taskId } = worker.lease();
      assert.equal(fake.store.tasks.get(taskId)?.state, assigned, "it is on the disk");
    }
    worker.complete();
    assert.equal(worker.all("receipt").length, 16, "nothing is confirmed before it is on the disk");
    letWrite();
    await settle();
    assert.equal(worker.all("receipt").length, 17 + aheadAtMost);
    assert.equal((await inState(completed)).length, 17 + aheadAtMost);
  });

  it("let results share a transaction, as long as there are plenty of them, and for 40 ms at most", async () => {
    const worker = await connectSwift();
    const before = fake.store.commits;
    const results = () => worker.all("receipt").length - 16;
    for (let i = 0; i < 4; i++) {
      worker.complete();
      await settle();
    }
    assert.deepEqual([fake.store.commits - before, results()], [0, 0]);
    worker.complete();
    await settle();
    assert.deepEqual([fake.store.commits - before, results()], [1, 5]);
    for (let i = 0; i < 12; i++) await fake.submit();
    const between = fake.store.commits;
    worker.complete();
    await fake.time.pass(39);
    assert.deepEqual([fake.store.commits - between, results()], [0, 5]);
    await fake.time.pass(1);
    assert.deepEqual([fake.store.commits - between, results()], [1, 6]);
  });

  it("are not told while they are not on the disk", async () => {
    const worker = await connectSwift("worker/1", {}, 0);
    letWrite = fake.store.hold();
    const submits = [fake.submit(), fake.submit()];
    await settle();
    worker.complete();
    assert.equal(worker.assigned().length, 17);
    await settle();
    assert.equal(worker.assigned().length, 17);
    letWrite();
    await Promise.all(submits);
    await settle();
    assert.equal(worker.assigned().length, 18);
  });

  it("are named to nobody as the worker's", async () => {
    const worker = await connectSwift();
    assert.equal((await inState(assigned)).length, 1 + aheadAtMost);
    assert.deepEqual(fake.dispatcher.workers()[0]?.taskIds, [worker.lease().taskId]);
  });

  it("are not there for a worker that takes tasks in advance, or does several at a time", async () => {
    for (const session of [{ prefetch: 1 }, { slots: 2 }]) {
      const worker = await connectSwift("worker/1", session);
      assert.equal(worker.assigned().length, 18);
      assert.equal((await inState(submitted)).length, aheadAtMost - 1);
      await fake.close();
      fake = await createFakeLeader();
    }
  });

  it("go to a worker that has a free slot, as the same attempt, under a token of its own", async () => {
    const swift = await connectSwift();
    const [first] = (await inState(assigned)).filter(({ taskId }) => taskId !== swift.lease().taskId);
    const other = connectWorker(fake.dispatcher, "worker/2");
    await settle();
    const lease = other.lease();
    assert.equal(lease.taskId, first?.taskId);
    assert.equal(lease.attempt, 1);
    assert.ok(lease.leaseToken > (first?.leaseToken ?? 0n));
    for (let i = 0; i < aheadAtMost; i++) swift.complete();
    await settle();
    assert.equal(swift.assigned().length, 17 + aheadAtMost - 1);
    assert.equal((await fake.dispatcher.get(lease.taskId)).worker, "worker/2");
  });

  it("stay where they are when no free worker can do them", async () => {
    for (let i = 0; i < 18; i++) await fake.submit({ requiredCapabilities: ["lift"] });
    const swift = connectWorker(fake.dispatcher, "worker/1", { capabilities: ["lift"] });
    await settle();
    for (let i = 0; i < 16; i++) {
      swift.complete();
      await settle();
    }
    const other = connectWorker(fake.dispatcher, "worker/2");
    await settle();
    assert.equal(other.assigned().length, 0);
    swift.complete();
    assert.equal(swift.assigned().length, 18, "it was told at once");
  });

  it("go back after 250 ms behind one task, and the worker is swift no more", async () => {
    const worker = await connectSwift();
    await fake.time.pass(200);
    worker.beat([worker.lease()]);
    await settle();
    assert.equal((await inState(assigned)).length, 1 + aheadAtMost);
    await fake.time.pass(200);
    const back = await inState(submitted);
    assert.equal(back.length, aheadAtMost);
    for (const { attempt, failures, worker: name, leaseToken, earlierAttempts } of back) {
      assert.deepEqual([attempt, failures, name, leaseToken, earlierAttempts], [1, 0, "", 0n, []]);
    }
    worker.complete();
    assert.equal(worker.assigned().length, 17);
    await settle();
    assert.equal(worker.assigned().length, 18, "the next is told after a commit");
    assert.equal((await inState(submitted)).length, aheadAtMost - 1);
  });

  it("have not failed when their worker is lost", async () => {
    const worker = await connectSwift();
    const { taskId } = worker.lease();
    worker.detach();
    await fake.time.pass(2_500);
    assert.equal((await fake.dispatcher.get(taskId)).failures, 1);
    const others = (await inState(submitted)).filter((task) => task.taskId !== taskId);
    assert.deepEqual(
      others.map(({ failures, attempt }) => [failures, attempt]),
      Array(aheadAtMost).fill([0, 1]),
    );
  });

  it("are given out again when their worker comes back, or its session is replaced", async () => {
    const worker = await connectSwift();
    const lease = worker.lease();
    worker.detach();
    await comeBack(worker);
    connectWorker(fake.dispatcher, "worker/1");
    await settle();
    const untouched = (await list()).filter(({ state, taskId }) => state !== completed && taskId !== lease.taskId);
    assert.deepEqual(
      untouched.map(({ failures, attempt }) => [failures, attempt]),
      Array(aheadAtMost).fill([0, 1]),
    );
  });

  it("are given out again after a leader has taken over", async () => {
    const worker = await connectSwift();
    await fake.leader.close();
    fake = await createFakeLeader({ name: "leader/2" }, fake);
    const back = await comeBack(worker);
    for (let i = 0; i <= aheadAtMost; i++) {
      back.complete();
      await settle();
    }
    assert.equal((await inState(completed)).length, 17 + aheadAtMost);
    assert.deepEqual(new Set((await list()).map(({ failures }) => failures)), new Set([0]));
  });

  it("go back in an emergency stop, as the same attempt, and are told to nobody", async () => {
    const worker = await connectSwift();
    const lease = worker.lease();
    const stopping = fake.dispatcher.safety.stop("operator/1", "test", 0);
    await fake.time.pass(10);
    await stopping;
    worker.complete(lease);
    await settle();
    assert.equal(worker.assigned().length, 17);
    const attempts = (await inState(submitted)).map(({ attempt }) => attempt);
    assert.deepEqual(attempts, [2, ...Array(aheadAtMost).fill(1)]);
  });

  it("are not told to a worker that drains", async () => {
    const worker = await connectSwift();
    fake.dispatcher.drain("worker/1");
    await settle();
    assert.equal((await inState(submitted)).length, aheadAtMost);
    worker.complete();
    await settle();
    assert.equal(worker.assigned().length, 17);
  });

  it("are not told to a worker that no longer listens for the stop", async () => {
    const worker = await connectSwift();
    worker.unwatch();
    worker.complete();
    await settle();
    assert.equal(worker.assigned().length, 17);
    assert.equal((await inState(submitted)).length, aheadAtMost);
  });

  it("can be canceled, without a word to the worker", async () => {
    const worker = await connectSwift();
    const ahead = (await inState(assigned)).filter(({ taskId }) => taskId !== worker.lease().taskId);
    const answers = worker.all("heartbeatAnswer").length;
    await fake.dispatcher.cancel(ahead[0]?.taskId ?? "", "not needed");
    worker.beat([worker.lease()], 2);
    await settle();
    const [answer] = worker.all("heartbeatAnswer").slice(answers);
    assert.deepEqual(answer?.cancel, []);
    for (let i = 0; i < aheadAtMost; i++) {
      worker.complete();
      await settle();
    }
    const { taskId = "" } = ahead[0] ?? {};
    assert.equal(
      worker.assigned().some(({ lease }) => lease?.taskId === taskId),
      false,
    );
    assert.equal((await inState(completed)).length, 16 + aheadAtMost);
    assert.equal((await fake.dispatcher.get(taskId)).state, TaskState.TASK_STATE_CANCELED);
  });

  it("are told to nobody on the way when many are canceled, or miss their deadline", async () => {
    const worker = await connectSwift();
    const { canceled } = await fake.dispatcher.cancelAll({
      submittedBy: "operator/1",
      kind: "",
      states: [],
      reason: "",
    });
    await settle();
    assert.equal(canceled, 1 + aheadAtMost);
    assert.equal(worker.assigned().length, 17);
    await fake.close();
    fake = await createFakeLeader();
    const late = await connectSwift("worker/1", {}, aheadAtMost, { deadline: new Date(fake.time.now() + 150) });
    await fake.time.pass(240);
    assert.equal((await inState(TaskState.TASK_STATE_FAILED)).length, 1 + aheadAtMost);
    assert.equal(late.assigned().length, 17);
  });

  it("are told after the cancellation of the task before, and of one that the store cannot hold", async () => {
    const worker = await connectSwift();
    const before = worker.all("heartbeatAnswer").length;
    const { taskId } = worker.lease();
    const canceling = fake.dispatcher.cancel(taskId, "not needed");
    assert.equal(worker.assigned().length, 17);
    await canceling;
    await settle();
    assert.equal(worker.all("heartbeatAnswer")[before]?.cancel[0]?.lease?.taskId, taskId);
    assert.equal(worker.assigned().length, 18);
    const lease = worker.lease();
    fake.store.unwritable.add(fake.store.tasks.get(lease.taskId)?.idempotencyKey ?? "");
    worker.say({
      $case: "reportProgress",
      value: { lease, progress: undefined, checkpoint: Buffer.from("c"), sequence: 1 },
    });
    await settle();
    assert.notEqual(worker.lease().taskId, lease.taskId, "told without a wait");
  });

  it("go to a free worker by their priority, and then in their order, whichever worker had them", async () => {
    await fake.submit();
    const first = await connectSwift("worker/1", { capabilities: ["a"] }, 1, { requiredCapabilities: ["a"] });
    const urgent = { requiredCapabilities: ["b"], priority: 10 };
    await connectSwift("worker/2", { capabilities: ["b"] }, 1, urgent);
    const free = connectWorker(fake.dispatcher, "worker/3", { capabilities: ["a", "b"] });
    await settle();
    const { taskId } = free.lease();
    assert.equal((await fake.dispatcher.get(taskId)).priority, 10);
    assert.equal(first.assigned().length, 17);
  });

  it("go back when the task before took long, or failed", async () => {
    for (const end of ["complete", "fail"]) {
      const worker = await connectSwift();
      if (end === "complete") await fake.time.pass(25);
      const lease = worker.lease();
      if (end === "complete") worker.complete();
      else worker.say({ $case: "failTask", value: { lease, reason: "no", permanent: false } });
      assert.equal(
        (await list()).filter(({ state }) => state === submitted).length,
        end === "fail" ? 1 + aheadAtMost : aheadAtMost,
      );
      await fake.close();
      fake = await createFakeLeader();
    }
  });

  it("cannot be paused: nobody holds them", async () => {
    const worker = await connectSwift();
    const ahead = (await inState(assigned)).find(({ taskId }) => taskId !== worker.lease().taskId);
    await assert.rejects(fake.dispatcher.pause(ahead?.taskId ?? ""), { reason: "TASK_NOT_HELD" });
  });

  it("are tried again when another connection has held their rows", async () => {
    const tasks = [];
    for (let i = 0; i < 18; i++) tasks.push(await fake.submit());
    const last = tasks.at(-1)?.taskId ?? "";
    fake.store.locked.add(last);
    const worker = await connectSwift("worker/1", {}, -17);
    worker.complete();
    await settle();
    assert.equal(worker.assigned().length, 17);
    assert.equal((await fake.dispatcher.get(last)).state, submitted);
    fake.store.locked.clear();
    await fake.time.pass(200);
    assert.equal(worker.lease().taskId, last);
  });
});
