import assert from "node:assert/strict";
import type { CallContext } from "@interlock/bot";
import { StopOutcome, StopState, TaskState, type WatchSafetyResponse } from "../gen/interlock/swarm/v1/swarm.js";
import { createFakeLeader, type FakeLeader } from "../testing/fake-leader.js";
import { settle } from "../testing/fake-time.js";
import { connectWorker } from "../testing/memory-worker.js";
import { safetyService } from "./safety-service.js";

const { STOP_OUTCOME_ACKNOWLEDGED: acknowledged, STOP_OUTCOME_UNREACHABLE: unreachable } = StopOutcome;
const by = (name: string) => ({ caller: { name }, signal: new AbortController().signal }) as CallContext;

describe("emergency stop", () => {
  let fake: FakeLeader;
  let service: ReturnType<typeof safetyService>;

  beforeEach(async () => {
    fake = await createFakeLeader();
    service = safetyService(fake.leader);
  });

  afterEach(() => fake.close());

  const stop = (reason = "smoke") => service.emergencyStop({ reason, waitMs: 0 }, by("operator/1"));
  const acknowledge = (worker: string, stopId: string, outcome: StopOutcome = acknowledged) =>
    service.acknowledgeStop({ stopId, outcome, detail: "" }, by(worker));

  it("says of every worker by name whether it has stopped", async () => {
    for (const name of ["worker/1", "worker/2", "worker/3"]) connectWorker(fake.dispatcher, name);
    const stopping = stop();
    await settle();
    const { stopId, state } = fake.dispatcher.safety.current();
    assert.equal(state, StopState.STOP_STATE_LATCHED);
    await acknowledge("worker/1", stopId);
    await acknowledge("worker/2", stopId, StopOutcome.STOP_OUTCOME_FAILED);
    await fake.time.pass(150);
    const { safety, recorded } = await stopping;
    assert.equal(recorded, true);
    assert.deepEqual([safety?.issuer, safety?.reason], ["operator/1", "smoke"]);
    assert.deepEqual(
      safety?.workers?.map((each) => [each.worker, each.outcome]),
      [
        ["worker/1", acknowledged],
        ["worker/2", StopOutcome.STOP_OUTCOME_FAILED],
        ["worker/3", unreachable],
      ],
    );
  });

  it("answers as soon as everybody has, and again, with its first issuer and reason", async () => {
    connectWorker(fake.dispatcher, "worker/1");
    const stopping = stop();
    await settle();
    await acknowledge("worker/1", fake.dispatcher.safety.current().stopId);
    const first = await stopping;
    const again = await service.emergencyStop({ reason: "me too", waitMs: 0 }, by("operator/2"));
    assert.deepEqual(again.safety, first.safety);
  });

  it("names a lost worker as unreachable", async () => {
    connectWorker(fake.dispatcher, "worker/1");
    await fake.time.pass(2_500);
    const [{ safety }] = await Promise.all([stop(), fake.time.pass(150)]);
    assert.deepEqual(
      safety?.workers?.map((each) => [each.worker, each.outcome]),
      [["worker/1", unreachable]],
    );
  });

  it("takes back what workers have in hand, and assigns nothing until it is reset", async () => {
    const { taskId } = await fake.submit();
    const worker = connectWorker(fake.dispatcher, "worker/1");
    await settle();
    const lease = worker.lease();
    const stopping = stop();
    await fake.time.pass(150);
    const { safety } = await stopping;
    await fake.submit();
    await fake.time.pass(500);
    worker.beat([lease]);
    assert.equal(worker.assigned().length, 1);
    const { state, attempt, failures } = await fake.dispatcher.get(taskId);
    assert.deepEqual([state, attempt, failures], [TaskState.TASK_STATE_SUBMITTED, 2, 0]);
    worker.complete(lease);
    await settle();
    assert.equal(worker.all("receipt")[0]?.reason, "LEASE_STALE");

    const reset = { stopId: safety?.stopId ?? "", reason: "no fire" };
    await assert.rejects(async () => service.resetEmergencyStop({ ...reset, stopId: "guess" }, by("supervisor/1")), {
      reason: "STOP_UNKNOWN",
    });
    const { safety: after } = await service.resetEmergencyStop(reset, by("supervisor/1"));
    assert.equal(after?.state, StopState.STOP_STATE_NONE);
    await settle();
    assert.equal(worker.lease().attempt, 2);
    await assert.rejects(async () => service.resetEmergencyStop(reset, by("supervisor/1")), { reason: "STOP_UNKNOWN" });
  });

  it("sends nothing that was being written when it came", async () => {
    const worker = connectWorker(fake.dispatcher, "worker/1");
    await settle();
    let write = () => {};
    fake.store.trouble = () => new Promise((resolve) => (write = resolve));
    const submitted = fake.submit();
    await settle();
    fake.store.trouble = undefined;
    const stopping = stop();
    write();
    await fake.time.pass(150);
    await stopping;
    await submitted;
    assert.equal(worker.assigned().length, 0);
  });

  it("tells the robots first, and says when it is not on the disk", async () => {
    const told: WatchSafetyResponse[] = [];
    fake.dispatcher.safety.watch("worker/1", false, (message) => told.push(message));
    let write = () => {};
    fake.store.trouble = () => new Promise((resolve) => (write = resolve));
    const stopping = stop();
    assert.equal(told.at(-1)?.safety?.state, StopState.STOP_STATE_LATCHED);
    await fake.time.pass(150);
    assert.equal((await stopping).recorded, false);
    fake.store.trouble = undefined;
    write();
  });

  it("is refused by a leader that does not lead", async () => {
    const { leader } = await createFakeLeader({ name: "leader/2" }, fake);
    await assert.rejects(async () => safetyService(leader).emergencyStop({ reason: "", waitMs: 0 }, by("operator/1")), {
      reason: "LEADER_STANDBY",
    });
    await leader.close();
  });

  it("takes no answer that is none", async () => {
    connectWorker(fake.dispatcher, "worker/1");
    const stopping = stop();
    await settle();
    const { stopId } = fake.dispatcher.safety.current();
    assert.throws(() => acknowledge("worker/1", "guess"), { reason: "STOP_UNKNOWN" });
    assert.throws(() => acknowledge("worker/1", stopId, unreachable), { reason: "STOP_OUTCOME_INVALID" });
    await fake.time.pass(150);
    await stopping;
  });

  it("gives a sign of life to every listener", async () => {
    let heard = 0;
    fake.dispatcher.safety.watch("worker/1", false, () => heard++);
    await fake.time.pass(2_000);
    assert.ok(heard >= 4, `${heard} in two seconds`);
  });
});
