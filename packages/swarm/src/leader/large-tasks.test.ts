import assert from "node:assert/strict";
import type { CallContext } from "@interlock/bot";
import {
  type DispatchRequest,
  type DispatchResponse,
  type Lease,
  ListTasksRequest,
  ListTasksResponse,
  ListWorkersResponse,
  Session,
  Task,
  TaskState,
  TaskView,
  WatchTasksResponse,
} from "../gen/interlock/swarm/v1/swarm.js";
import { createOutbox } from "../outbox.js";
import { createFakeLeader, type FakeLeader } from "../testing/fake-leader.js";
import { settle } from "../testing/fake-time.js";
import { connectWorker } from "../testing/memory-worker.js";
import { runWorker } from "../worker/run-worker.js";
import { dispatchService } from "./dispatch-service.js";
import { createLimits } from "./limits.js";
import { operatorService } from "./operator-service.js";

const mebibyte = 1_024 * 1_024;
const messageAtMost = 4 * mebibyte;
const nothing = Buffer.alloc(0);

describe("large tasks", () => {
  let fake: FakeLeader;

  beforeEach(async () => {
    fake = await createFakeLeader();
  });

  afterEach(() => fake.close());

  const context = () => ({ caller: { name: "operator/1" }, signal: new AbortController().signal }) as CallContext;

  /** Every page of the tasks, each of them short enough for a message. */
  async function pages(view: TaskView = TaskView.TASK_VIEW_FULL): Promise<Task[][]> {
    const all: Task[][] = [];
    let pageToken = "";
    do {
      const page = await fake.dispatcher.list(ListTasksRequest.fromPartial({ pageSize: 1_000, pageToken, view }));
      assert.ok(ListTasksResponse.encode(page).finish().length <= messageAtMost);
      all.push(page.tasks);
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    return all;
  }

  /** Every task that a watch begins with, from messages that are short enough. */
  async function watched(count: number, view: TaskView = TaskView.TASK_VIEW_FULL): Promise<Task[]> {
    const tasks: Task[] = [];
    for await (const update of operatorService(fake.leader).watchTasks({ taskIds: [], cursor: "", view }, context())) {
      const message = WatchTasksResponse.fromPartial(update as WatchTasksResponse);
      assert.ok(WatchTasksResponse.encode(message).finish().length <= messageAtMost);
      tasks.push(...message.tasks);
      if (tasks.length >= count) break;
    }
    return tasks;
  }

  it("lists and watches results of the largest size, and many tasks of 50 kB", async () => {
    const worker = connectWorker(fake.dispatcher, "worker/1", { slots: 6 });
    await settle();
    for (let i = 0; i < 6; i++) await fake.submit({ payload: Buffer.alloc(mebibyte - 1_000) });
    for (const { lease } of worker.assigned()) {
      const checkpoint = Buffer.alloc(mebibyte);
      worker.say({ $case: "reportProgress", value: { lease, progress: undefined, checkpoint, sequence: 1 } });
      worker.say({ $case: "completeTask", value: { lease, result: Buffer.alloc(mebibyte) } });
    }
    for (let i = 0; i < 120; i++) await fake.submit({ payload: Buffer.alloc(50_000), requiredCapabilities: ["none"] });
    const listed = await pages();
    assert.equal(listed.flat().length, 126);
    assert.ok(listed.length > 6, "several pages");
    assert.equal((await watched(126)).length, 126);

    const [page, ...further] = await pages(TaskView.TASK_VIEW_BASIC);
    assert.deepEqual([page?.length, further.length], [126, 0], "one page without payloads and results");
    const lengths = ({ taskId, state, payload, result, checkpoint }: Task) => [
      taskId,
      state,
      payload.length + result.length + checkpoint.length,
    ];
    const short = listed.flat().map(({ taskId, state }) => [taskId, state, 0]);
    assert.deepEqual(page?.map(lengths), short);
    assert.deepEqual((await watched(126, TaskView.TASK_VIEW_BASIC)).map(lengths), short);
  });

  it("tells a watch with a basic view of changes without what is long in a task", async () => {
    const request = { taskIds: [], cursor: "", view: TaskView.TASK_VIEW_BASIC };
    const updates = operatorService(fake.leader).watchTasks(request, context())[Symbol.asyncIterator]();
    await updates.next();
    const told = updates.next();
    const { taskId } = await fake.submit({ payload: Buffer.alloc(mebibyte, 1) });
    const { tasks } = WatchTasksResponse.fromPartial((await told).value as WatchTasksResponse);
    assert.deepEqual(
      tasks.map((task) => [task.taskId, task.payload.length]),
      [[taskId, 0]],
    );
    assert.equal((await fake.dispatcher.get(taskId)).payload.length, mebibyte);
    await updates.return?.(undefined);
  });

  it("fails a task by itself when its result or its checkpoint is too large, and goes on with the worker", async () => {
    const worker = connectWorker(fake.dispatcher, "worker/1", { slots: 3 });
    await settle();
    const tasks = [await fake.submit(), await fake.submit(), await fake.submit()];
    const [first, second, third] = worker.assigned().map(({ lease }) => lease);
    const tooLong = Buffer.alloc(mebibyte + 1);
    worker.say({ $case: "completeTask", value: { lease: first, result: tooLong } });
    worker.say({
      $case: "reportProgress",
      value: { lease: second, progress: undefined, checkpoint: tooLong, sequence: 7 },
    });
    worker.complete(third);
    await settle();
    const states = await Promise.all(tasks.map(({ taskId }) => fake.dispatcher.get(taskId)));
    assert.deepEqual(
      states.map(({ state, reason }) => [state, reason.split(":")[0]]),
      [
        [TaskState.TASK_STATE_FAILED, "RESULT_TOO_LARGE"],
        [TaskState.TASK_STATE_FAILED, "CHECKPOINT_TOO_LARGE"],
        [TaskState.TASK_STATE_COMPLETED, ""],
      ],
    );
    assert.deepEqual(
      worker.all("receipt").map(({ recorded, reason, sequence }) => [recorded, reason, sequence]),
      [
        [false, "RESULT_TOO_LARGE", 0],
        [false, "CHECKPOINT_TOO_LARGE", 7],
        [true, "", 0],
      ],
    );
    assert.deepEqual(states[0]?.result.length, 0);
  });

  it("bounds what all tasks have together, open and closed", async () => {
    await fake.close();
    fake = await createFakeLeader({ limits: { openBytes: 10_000, closedBytes: 10_000 } });
    const payload = Buffer.alloc(4_000);
    const first = await fake.submit({ payload });
    await fake.submit({ payload });
    await assert.rejects(fake.submit({ payload }), { code: "RESOURCE_EXHAUSTED", reason: "TASK_LIMIT" });
    await fake.dispatcher.cancel(first.taskId, "");
    for (let i = 0; i < 4; i++) {
      const { taskId } = await fake.submit({ payload });
      await fake.dispatcher.cancel(taskId, "");
      assert.equal((await fake.dispatcher.get(taskId)).state, TaskState.TASK_STATE_CANCELED, "the latest is kept");
    }
    await assert.rejects(fake.dispatcher.get(first.taskId), { reason: "TASK_UNKNOWN" });
    assert.ok(fake.store.tasks.size <= 4);
  });

  it("fails a task that no message can carry, which an earlier version has taken", async () => {
    const open = await fake.submit({ idempotencyKey: "open" });
    const closed = await fake.submit({ idempotencyKey: "closed" });
    await fake.dispatcher.cancel(closed.taskId, "");
    await fake.leader.close();
    for (const stored of fake.store.tasks.values()) {
      const task = { ...Task.decode(stored.task), payload: Buffer.alloc(messageAtMost - 200) };
      Object.assign(stored, { task: Task.encode(task).finish() });
    }
    fake = await createFakeLeader({ name: "leader/2" }, fake);
    await settle();
    const { state, reason, payload } = await fake.dispatcher.get(open.taskId);
    assert.deepEqual([state, reason, payload.length], [TaskState.TASK_STATE_FAILED, "TASK_TOO_LARGE", 0]);
    assert.equal((await pages()).flat().length, 2);
  });

  it("lists thousands of workers in pages", async () => {
    const capabilities = Array.from({ length: 64 }, (_, i) => String(i).padStart(128, "c"));
    for (let i = 0; i < 200; i++)
      connectWorker(fake.dispatcher, `worker/${String(i).padStart(3, "0")}`, { capabilities });
    const names: string[] = [];
    let pageToken = "";
    do {
      const answer = await operatorService(fake.leader).listWorkers({ pageToken }, context());
      const page = ListWorkersResponse.fromPartial(answer as ListWorkersResponse);
      assert.ok(ListWorkersResponse.encode(page).finish().length <= messageAtMost);
      names.push(...page.workers.map(({ name }) => name));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    assert.equal(new Set(names).size, 200);
    assert.equal(names.length, 200);
  });

  it("answers a heartbeat within one message, whatever the worker has to stop", async () => {
    const worker = connectWorker(fake.dispatcher, "worker/1", { slots: 1_000 });
    await settle();
    for (let i = 0; i < 1_000; i++) void fake.submit();
    await settle();
    for (const { lease } of worker.assigned())
      await fake.dispatcher.cancel(lease?.taskId ?? "", "\u20ac".repeat(4_000));
    worker.beat(worker.assigned().flatMap(({ lease }) => lease ?? []));
    const [{ cancel } = { cancel: [] }] = worker.all("heartbeatAnswer").slice(-1);
    const bytes = cancel.reduce((sum, { reason }) => sum + Buffer.byteLength(reason), 0);
    assert.ok(bytes > 100_000 && bytes < mebibyte, `${bytes}`);
  });

  it("is refused where a task could become too long for a message", () => {
    assert.throws(() => createLimits({ resultBytes: 2 * mebibyte }), /at most 3932160 bytes/);
    assert.throws(() => createLimits({ openBytes: -1 }), /limits.openBytes/);
    assert.equal(createLimits({ payloadBytes: 2 * mebibyte, resultBytes: 0 }).payloadBytes, 2 * mebibyte);
  });

  it("reads a worker that reports more than 8 MiB later, and loses nothing of it", async () => {
    const requests = createOutbox<DispatchRequest>();
    const say = (event: DispatchRequest["event"]) => requests.send({ event });
    say({ $case: "session", value: Session.fromPartial({ slots: 8 }) });
    const responses = dispatchService(fake.leader).dispatch(requests, {
      ...context(),
      caller: { name: "worker/1" },
    } as never);
    const receipts: number[] = [];
    const leases: Lease[] = [];
    const unwatch = fake.dispatcher.safety.watch("worker/1", false, () => {});
    const listening = (async () => {
      for await (const { event } of responses as AsyncIterable<DispatchResponse>) {
        if (event?.$case === "receipt") receipts.push(event.value.sequence);
        if (event?.$case === "assignments") leases.push(...event.value.assignments.flatMap(({ lease }) => lease ?? []));
      }
    })();
    await settle();
    await fake.submit();
    await settle();
    const [lease] = leases;
    const checkpoint = Buffer.alloc(mebibyte);
    for (let sequence = 1; sequence <= 12; sequence++) {
      say({ $case: "reportProgress", value: { lease, progress: undefined, checkpoint, sequence } });
    }
    await fake.time.pass(0);
    assert.equal(receipts.length, 8);
    await fake.time.pass(62);
    assert.equal(receipts.length, 8);
    await fake.time.pass(63);
    assert.equal(receipts.length, 10);
    await fake.time.pass(125);
    assert.equal(receipts.length, 12);
    requests.end();
    await listening;
    unwatch();
  });

  it("has a worker fail the task whose result is too large, once, and go on with the next", async () => {
    const leaving = new AbortController();
    const done: string[] = [];
    let opened = 0;
    const running = runWorker(
      fake.bot("worker/1"),
      {
        leaders: ["a"],
        clock: fake.time,
        wait: fake.time.wait,
        signal: leaving.signal,
        onLink({ online }) {
          if (online) opened++;
        },
      },
      async ({ kind }, { checkpoint }) => {
        done.push(kind);
        if (kind === "result") return Buffer.alloc(5 * mebibyte);
        if (kind === "checkpoint") await checkpoint(Buffer.alloc(5 * mebibyte));
        return nothing;
      },
    );
    await fake.time.pass(100);
    const tasks = [
      await fake.submit({ kind: "result" }),
      await fake.submit({ kind: "checkpoint" }),
      await fake.submit(),
    ];
    await fake.time.pass(5_000);
    const ends = await Promise.all(tasks.map(({ taskId }) => fake.dispatcher.get(taskId)));
    assert.deepEqual(
      ends.map(({ state, reason }) => [state, reason.split(":")[0]]),
      [
        [TaskState.TASK_STATE_FAILED, "RESULT_TOO_LARGE"],
        [TaskState.TASK_STATE_FAILED, "CHECKPOINT_TOO_LARGE"],
        [TaskState.TASK_STATE_COMPLETED, ""],
      ],
    );
    assert.deepEqual([done, opened], [["result", "checkpoint", "test"], 1]);
    leaving.abort();
    await fake.time.pass(1_000);
    await running;
  });
});
