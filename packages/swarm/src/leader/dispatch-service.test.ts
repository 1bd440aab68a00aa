import assert from "node:assert/strict";
import type { CallContext } from "@interlock/bot";
import {
  type DispatchRequest,
  type DispatchResponse,
  type Lease,
  Session,
  TaskState,
} from "../gen/interlock/swarm/v1/swarm.js";
import { createOutbox, type Outbox } from "../outbox.js";
import { createFakeLeader, type FakeLeader } from "../testing/fake-leader.js";
import { settle } from "../testing/fake-time.js";
import { dispatchService } from "./dispatch-service.js";

describe("the dispatch service", () => {
  let fake: FakeLeader;
  let requests: Outbox<DispatchRequest>;
  let responses: AsyncIterator<DispatchResponse>;

  beforeEach(async () => {
    fake = await createFakeLeader();
    requests = createOutbox<DispatchRequest>();
    const context = { caller: { name: "worker/1" }, signal: new AbortController().signal } as CallContext;
    const answers = dispatchService(fake.leader).dispatch(requests, context) as AsyncIterable<DispatchResponse>;
    responses = answers[Symbol.asyncIterator]();
  });

  afterEach(() => fake.close());

  function openSession(): void {
    requests.send({ event: { $case: "session", value: Session.fromPartial({}) } });
  }

  it("takes a session first, and nothing else", async () => {
    requests.send({ event: { $case: "endSession", value: { reason: "" } } });
    await assert.rejects(responses.next(), { reason: "SESSION_EXPECTED" });
  });

  it("does not take a stream without a message for one that is in order", async () => {
    requests.end();
    await assert.rejects(responses.next(), { reason: "SESSION_EXPECTED" });
  });

  it("gives nothing to a worker whose stream is gone", async () => {
    const unwatch = fake.dispatcher.safety.watch("worker/1", false, () => {});
    openSession();
    assert.equal((await responses.next()).value?.event?.$case, "sessionOpened");
    await responses.return?.();
    const { taskId } = await fake.submit();
    await settle();
    assert.equal((await fake.dispatcher.get(taskId)).state, TaskState.TASK_STATE_SUBMITTED);
    unwatch();
  });

  it("opens no session for a worker that left before it said which", async () => {
    await responses.return?.();
    openSession();
    await settle();
    assert.deepEqual(fake.dispatcher.workers(), []);
  });

  it("drops a report that waits for its turn when its stream ends, and takes nothing for it", async () => {
    const unwatch = fake.dispatcher.safety.watch("worker/1", false, () => {});
    openSession();
    await responses.next();
    const { taskId } = await fake.submit();
    let lease: Lease | undefined;
    while (!lease) {
      const { value } = await responses.next();
      if (value?.event?.$case === "assignments") lease = value.event.value.assignments[0]?.lease;
    }
    const checkpoint = Buffer.alloc(1_024 * 1_024);
    for (let sequence = 1; sequence <= 9; sequence++) {
      checkpoint[0] = sequence;
      const report = { lease, progress: undefined, checkpoint: Buffer.from(checkpoint), sequence };
      requests.send({ event: { $case: "reportProgress", value: report } });
    }
    const short = { lease, progress: undefined, checkpoint: Buffer.alloc(100 * 1_024), sequence: 10 };
    requests.send({ event: { $case: "reportProgress", value: short } });
    await fake.time.pass(10);
    await responses.return?.();
    await fake.time.pass(40); // In all 800 KiB, which are not enough for the ninth.
    assert.equal((await fake.dispatcher.get(taskId)).checkpoint[0], 8);
    const turn = fake.dispatcher.pace.turn(
      "worker/1",
      { event: { $case: "completeTask", value: { lease: undefined, result: Buffer.alloc(780 * 1_024) } } },
      new AbortController().signal,
    );
    assert.equal(turn, undefined, "the ninth and the tenth have taken nothing");
    unwatch();
  });
});
