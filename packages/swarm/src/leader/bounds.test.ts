import assert from "node:assert/strict";
import { Lease, StopOutcome } from "../gen/interlock/swarm/v1/swarm.js";
import { namedAtMost } from "../lease.js";
import { createListening } from "./listening.js";
import { answersKept, createStopAnswers } from "./stop-answers.js";
import { cancelLease, createWorkerSession } from "./worker-session.js";

const leaseOf = (token: number) => Lease.fromPartial({ taskId: `task ${token}`, leaseToken: BigInt(token) });

describe("bounds of a leader", () => {
  it("keep as many canceled leases of a worker as one heartbeat may name, the latest", () => {
    const session = createWorkerSession("worker/1", "s", 0);
    for (let token = 1; token <= namedAtMost + 5; token++) cancelLease(session, leaseOf(token), "CANCELED");
    const tokens = [...session.canceled.keys()];
    assert.deepEqual([tokens.length, tokens[0], tokens.at(-1)], [namedAtMost, 6n, BigInt(namedAtMost + 5)]);
  });

  it("drop the oldest answers to a stop, of workers that the leader does not know", () => {
    const answers = createStopAnswers(new Map([["worker/1", createWorkerSession("worker/1", "s", 0)]]));
    const answer = { outcome: StopOutcome.STOP_OUTCOME_ACKNOWLEDGED, detail: "", at: 0 };
    for (let n = 1; n <= answersKept + 5; n++) answers.set(`worker/${n}`, answer);
    const names = [...answers.names()];
    assert.deepEqual([names.length, names[0], names[1]], [answersKept, "worker/1", "worker/7"]);
    answers.clear();
    assert.deepEqual([...answers.names()], []);
  });

  it("keep the name of a bot that listens for as long as one of its streams is open", () => {
    const listening = createListening();
    const [first, second] = [listening.add("worker/1"), listening.add("worker/1")];
    first();
    first();
    assert.equal(listening.has("worker/1"), true);
    second();
    assert.equal(listening.has("worker/1"), false);
  });
});
