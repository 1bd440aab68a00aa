import assert from "node:assert/strict";
import type { CallContext } from "@interlock/bot";
import {
  CancelTasksRequest,
  ListTasksRequest,
  type SubmitTaskRequest,
  TaskState,
} from "../gen/interlock/swarm/v1/swarm.js";
import { isClosed } from "../task-state.js";
import { createFakeLeader, type FakeLeader } from "../testing/fake-leader.js";
import { settle } from "../testing/fake-time.js";
import { connectWorker } from "../testing/memory-worker.js";
import { operatorService } from "./operator-service.js";
import { safetyService } from "./safety-service.js";

const context = (name: string, signal = new AbortController().signal) => ({ caller: { name }, signal }) as CallContext;

describe("the shares of a leader's callers", () => {
  let fake: FakeLeader;

  async function setUp(options: Parameters<typeof createFakeLeader>[0] = {}): Promise<void> {
    fake = await createFakeLeader(options);
  }

  afterEach(() => fake.close());

  /** What the submission that goes beyond is told. */
  async function refused(request: Partial<SubmitTaskRequest>, quota: string): Promise<void> {
    await assert.rejects(
      fake.submit(request),
      (error: { code: string; reason: string; metadata: { quota: string } }) => {
        assert.deepEqual(
          [error.code, error.reason, error.metadata.quota],
          ["RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", quota],
        );
        return true;
      },
    );
    await fake.submit({}, "operator/2"); // Others have a share of their own.
  }

  it("bounds a submitter's open tasks, and gives the room back as they close", async () => {
    await setUp({ quotaOf: (name) => (name === "operator/1" ? { openTasks: 2 } : {}) });
    const { taskId } = await fake.submit();
    await fake.submit({ idempotencyKey: "again" });
    await refused({}, "open_tasks");
    assert.equal(
      (await fake.submit({ idempotencyKey: "again" })).state,
      TaskState.TASK_STATE_SUBMITTED,
      "a repetition",
    );
    await fake.dispatcher.cancel(taskId, "");
    await fake.submit();
    await refused({}, "open_tasks");
    await fake.leader.close();
    fake = await createFakeLeader({ name: "leader/2", quotaOf: () => ({ openTasks: 2 }) }, fake);
    await assert.rejects(fake.submit(), { reason: "QUOTA_EXCEEDED" }, "the next leader counts them, too");
  });

  it("bounds a submitter's bytes, rate, priority and lanes", async () => {
    await setUp({
      quotaOf: () => ({ openBytes: 1_000, highestPriority: 5, raisedTasks: 2, lanes: 4, burst: 20, perSecond: 1 }),
    });
    await fake.submit({ payload: Buffer.alloc(600) });
    await refused({ payload: Buffer.alloc(401) }, "open_bytes");
    await refused({ priority: 6 }, "highest_priority");
    await refused({ priority: 2 ** 31 - 1 }, "highest_priority");
    await fake.submit({ priority: 5 });
    await fake.submit({ priority: 5 });
    await refused({ priority: 1 }, "raised_tasks");
    await fake.submit({ fairnessKey: "other" });
    await fake.submit({ requiredCapabilities: ["lift"] });
    await refused({ requiredCapabilities: ["grip"] }, "lanes");
    await fake.submit({ requiredCapabilities: ["lift"] });
    for (let i = 0; i < 9; i++) await fake.submit();
    await refused({}, "per_second");
    await fake.time.pass(1_000);
    await fake.submit();
    await refused({}, "per_second");
  });

  it("bounds the bytes that a submitter submits a second, whatever becomes of the tasks", async () => {
    await setUp({ quotaOf: () => ({ bytesPerSecond: 1_000, burstBytes: 2_000 }) });
    const submit = async (bytes: number, idempotencyKey = "") => {
      const { taskId } = await fake.submit({ payload: Buffer.alloc(bytes), idempotencyKey });
      await fake.dispatcher.cancel(taskId, "");
    };
    await submit(1_500);
    await submit(500, "key");
    await submit(500, "key"); // A repetition is no second task.
    await refused({ payload: Buffer.alloc(1) }, "bytes_per_second");
    await fake.submit(); // Without a payload.
    await fake.time.pass(1_000);
    await submit(900);
    await refused({ payload: Buffer.alloc(200) }, "bytes_per_second");
    await submit(100);
  });

  it("has the tasks of others done beside thousands that nobody can do, at the highest priority", async () => {
    await setUp();
    const worker = connectWorker(fake.dispatcher, "worker/1");
    let taken = 0;
    let told = "";
    for (let i = 0; i < 100_000 && told === ""; i++) {
      const flood = { priority: 1_000, requiredCapabilities: [`nobody-${i % 500}`] };
      await fake.submit(flood, "operator/evil").then(
        () => taken++,
        ({ reason }) => (told = reason),
      );
    }
    assert.deepEqual([taken, told], [1_000, "QUOTA_EXCEEDED"]);
    await fake.submit();
    worker.complete();
    await settle();
    assert.equal(worker.all("receipt")[0]?.recorded, true);
  });

  it("cancels what a filter selects, a thousand at a time", async () => {
    await setUp();
    const worker = connectWorker(fake.dispatcher, "worker/1");
    await settle();
    const { taskId } = await fake.submit({ kind: "bad" }, "operator/evil");
    for (let i = 0; i < 1_200; i++) await fake.submit({ kind: i < 1_100 ? "bad" : "good" }, "operator/evil");
    const other = await fake.submit({ kind: "bad" });
    const cancel = (filter: Partial<CancelTasksRequest>) =>
      fake.dispatcher.cancelAll(CancelTasksRequest.fromPartial(filter));
    const filter = { submittedBy: "operator/evil", kind: "bad", reason: "it ran wild" };
    assert.deepEqual(await cancel(filter), { canceled: 1_000, more: true });
    assert.deepEqual(await cancel(filter), { canceled: 101, more: false });
    assert.deepEqual(await cancel(filter), { canceled: 0, more: false });
    const { state, reason } = await fake.dispatcher.get(taskId);
    assert.deepEqual([state, reason], [TaskState.TASK_STATE_CANCELED, "it ran wild"]);
    assert.equal(worker.all("heartbeatAnswer").at(-1)?.cancel[0]?.lease?.taskId, taskId, "and its worker is told");
    assert.equal(isClosed((await fake.dispatcher.get(other.taskId)).state), false);
    const assigned = [TaskState.TASK_STATE_ASSIGNED];
    assert.deepEqual(await cancel({ states: assigned }), { canceled: 1, more: false });
    await assert.rejects(cancel({ reason: "everything" }), { code: "INVALID_ARGUMENT" });
    await assert.rejects(cancel({ states: [99 as TaskState] }), { code: "INVALID_ARGUMENT" });
  });

  it("lets a worker offer only the capabilities that it is granted, if there is a rule", async () => {
    await setUp({ capabilitiesOf: (name) => (name === "worker/1" ? ["lift", "grip.*"] : []) });
    connectWorker(fake.dispatcher, "worker/1", { capabilities: ["lift", "grip.soft"] });
    connectWorker(fake.dispatcher, "worker/2");
    const denied = { code: "PERMISSION_DENIED", reason: "CAPABILITY_NOT_GRANTED" };
    assert.throws(() => connectWorker(fake.dispatcher, "worker/1", { capabilities: ["lift", "brew"] }), denied);
    assert.throws(() => connectWorker(fake.dispatcher, "worker/2", { capabilities: ["lift"] }), denied);
  });

  it("bounds how often a caller reads, and how many watches it has open", async () => {
    await setUp({ reads: { perSecond: 1, burst: 3, watches: 2 } });
    const operators = operatorService(fake.leader);
    const over = { code: "RESOURCE_EXHAUSTED", reason: "QUOTA_EXCEEDED" };
    const list = async (name: string) => {
      const page = operators.listWorkers({ pageToken: "" }, context(name));
      await fake.time.pass(0);
      return page;
    };
    for (let i = 0; i < 3; i++) await list("operator/1");
    await assert.rejects(list("operator/1"), over);
    await list("operator/2");
    const watch = (name: string) => {
      const ending = new AbortController();
      const watching = safetyService(fake.leader).watchSafety({ withWorkers: true }, context(name, ending.signal));
      const iterator = (watching as AsyncIterable<unknown>)[Symbol.asyncIterator]();
      return { first: iterator.next(), end: () => iterator.return?.() };
    };
    const [one, two] = [watch("worker/1"), watch("worker/1")];
    await Promise.all([one.first, two.first]);
    await assert.rejects(watch("worker/1").first, over);
    await watch("worker/2").first;
    await one.end();
    await watch("worker/1").first;
  });

  it("lets an emergency stop come in between the pages of its readers", async () => {
    await setUp({ reads: { perSecond: 1_000, burst: 1_000 } });
    for (let i = 0; i < 30; i++) await fake.submit({ payload: Buffer.alloc(400_000) }, `operator/${i % 5}`);
    const operators = operatorService(fake.leader);
    const order: string[] = [];
    const request = ListTasksRequest.fromPartial({});
    const lists = Array.from({ length: 50 }, async () => {
      await operators.listTasks(request, context("operator/1"));
      order.push("list");
    });
    const stopping = new Promise<void>((resolve) =>
      setImmediate(() => {
        void fake.dispatcher.safety.stop("operator/1", "smoke", 0);
        order.push("stop");
        resolve();
      }),
    );
    await Promise.all([...lists, stopping]);
    assert.ok(order.indexOf("stop") < 5, `${order.indexOf("stop")} pages came before the stop`);
  });
});
