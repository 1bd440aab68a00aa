import assert from "node:assert/strict";
import { silentLog } from "@interlock/bot";
import { TaskState } from "./gen/interlock/swarm/v1/swarm.js";
import { createSteadyBackoff } from "./steady-backoff.js";
import { createFakeLeader, type FakeLeader } from "./testing/fake-leader.js";
import { connectWorker } from "./testing/memory-worker.js";
import { runWorker } from "./worker/run-worker.js";

const hourMs = 3_600_000;

describe("a machine whose clock is set", () => {
  let fake: FakeLeader;
  beforeEach(async () => {
    fake = await createFakeLeader();
  });
  afterEach(() => fake.close());

  for (const [what, stepMs] of Object.entries({ "5 s forward": 5_000, "an hour back": -hourMs })) {
    it(`${what}, in the middle of a worker's tasks: none is aborted, none taken back`, async () => {
      const stopping = new AbortController();
      const aborted: unknown[] = [];
      let finish = () => {};
      const time = { clock: fake.time, wait: fake.time.wait, random: () => 0, log: silentLog };
      const ended = runWorker(
        fake.bot("worker/1"),
        { leaders: ["leader"], signal: stopping.signal, ...time },
        (_, { signal }) =>
          new Promise((resolve) => {
            signal.addEventListener("abort", () => aborted.push(signal.reason));
            finish = () => resolve(undefined);
          }),
      );
      await fake.time.pass(200);
      const { taskId } = await fake.submit();
      await fake.time.pass(700);
      const { epoch } = fake.dispatcher;
      fake.time.set(stepMs);
      await fake.time.pass(3_000);
      assert.deepEqual(aborted, []);
      const { state, attempt } = await fake.dispatcher.get(taskId);
      assert.deepEqual([state, attempt], [TaskState.TASK_STATE_ACCEPTED, 1]);
      const [worker] = fake.dispatcher.workers();
      const silentMs = fake.time.now() - (worker?.lastSeenAt?.getTime() ?? 0);
      assert.ok(silentMs >= 0 && silentMs <= 1_000, "it was seen just now, by the new time");
      finish();
      await fake.time.pass(100);
      assert.equal((await fake.dispatcher.get(taskId)).state, TaskState.TASK_STATE_COMPLETED);
      assert.equal(fake.dispatcher.epoch, epoch, "the leader leads on");
      stopping.abort();
      await fake.time.pass(1_000);
      await ended;
    });

    it(`${what}: a silent worker is lost, and a failed task is tried again, as soon as ever`, async () => {
      const worker = connectWorker(fake.dispatcher, "worker/1", { slots: 2 });
      await fake.time.pass(10);
      const [lost, failed] = [await fake.submit(), await fake.submit()];
      await fake.time.pass(10);
      const [, second] = worker.assigned();
      worker.say({ $case: "failTask", value: { lease: second?.lease, reason: "slipped", permanent: false } });
      fake.time.set(stepMs);
      await fake.time.pass(1_000);
      assert.equal((await fake.dispatcher.get(failed.taskId)).state, TaskState.TASK_STATE_ASSIGNED);
      assert.equal((await fake.dispatcher.get(lost.taskId)).attempt, 1);
      await fake.time.pass(1_500);
      assert.equal((await fake.dispatcher.get(lost.taskId)).attempt, 2);
    });
  }

  it("does not begin the delays between connections anew", () => {
    let [now, monotonic] = [0, 0];
    const clock = { now: () => now, monotonic: () => monotonic };
    const backoff = createSteadyBackoff(clock, { firstMs: 100, maximumMs: 10_000, random: () => 0 });
    const first = backoff.next();
    backoff.opened();
    now += 60_000;
    monotonic += 10;
    assert.ok(backoff.next() > first);
  });
});
