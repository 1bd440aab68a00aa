import assert from "node:assert/strict";
import { batchAtMost, requestBatching, responseBatching } from "./batching.js";
import { DispatchRequest, DispatchResponse } from "./gen/interlock/swarm/v1/swarm.js";
import { type Batching, createOutbox } from "./outbox.js";

const messageAtMost = 4 * 1024 * 1024;

async function batchesOf<T>(batching: Batching<T>, messages: readonly T[]): Promise<T[]> {
  const outbox = createOutbox<T>({ batching: () => batching });
  for (const message of messages) outbox.send(message);
  outbox.end();
  const batches: T[] = [];
  for await (const batch of outbox) batches.push(batch);
  return batches;
}

describe("batching", () => {
  it("puts no more in one message than the other side takes", async () => {
    const receipt = DispatchResponse.fromPartial({ event: { $case: "receipt", value: { recorded: true } } });
    const batches = await batchesOf(responseBatching, Array(3 * batchAtMost).fill(receipt));
    const sizes = batches.map(({ event }) => (event?.$case === "batch" ? event.value.responses.length : 1));
    assert.deepEqual(sizes, Array(3).fill(batchAtMost));
  });

  it("makes no message of several that is too long, whatever they carry", async () => {
    const bytes = Buffer.alloc(200_000);
    const none = Buffer.alloc(0);
    const text = "x".repeat(200_000);
    const lease = { taskId: "t", attempt: 1, leaseToken: 1n, leaderEpoch: 1n };
    const progress = { fraction: 0, stage: "" };
    const events: DispatchRequest["event"][] = [
      { $case: "completeTask", value: { lease, result: bytes } },
      { $case: "reportProgress", value: { lease, progress, checkpoint: bytes, sequence: 1 } },
      { $case: "failTask", value: { lease, reason: text, permanent: false } },
      { $case: "rejectTask", value: { lease, reason: text } },
      { $case: "forfeitTask", value: { lease, reason: text } },
      {
        $case: "reportProgress",
        value: { lease, progress: { fraction: 0, stage: text }, checkpoint: none, sequence: 1 },
      },
      { $case: "heartbeat", value: { sequence: 1, held: Array(1_000).fill(lease), standstill: undefined } },
    ];
    const responses = [{ payload: bytes }, { checkpoint: bytes }, { kind: text }].map((assignment) =>
      DispatchResponse.fromPartial({ event: { $case: "assignments", value: { assignments: [assignment] } } }),
    );
    for (const event of events) {
      for (const batch of await batchesOf(requestBatching, Array(50).fill({ event }))) {
        assert.ok(DispatchRequest.encode(batch).finish().length < messageAtMost / 4, event?.$case);
      }
    }
    for (const response of responses) {
      for (const batch of await batchesOf(responseBatching, Array(50).fill(response))) {
        assert.ok(DispatchResponse.encode(batch).finish().length < messageAtMost / 4);
      }
    }
  });

  it("sends the opening of a session alone", async () => {
    const session = DispatchRequest.fromPartial({ event: { $case: "session", value: {} } });
    const accept = DispatchRequest.fromPartial({ event: { $case: "acceptTask", value: {} } });
    const requests = await batchesOf(requestBatching, [session, accept, accept]);
    assert.deepEqual(
      requests.map(({ event }) => event?.$case),
      ["session", "batch"],
    );
    const opened = DispatchResponse.fromPartial({ event: { $case: "sessionOpened", value: {} } });
    const receipt = DispatchResponse.fromPartial({ event: { $case: "receipt", value: {} } });
    const responses = await batchesOf(responseBatching, [opened, receipt, receipt]);
    assert.deepEqual(
      responses.map(({ event }) => event?.$case),
      ["sessionOpened", "batch"],
    );
  });
});
