import assert from "node:assert/strict";
import type { Routes } from "@interlock/bot";
import {
  CancelTaskRequest,
  CancelTasksRequest,
  DrainWorkerRequest,
  SubmitTaskRequest,
} from "../gen/interlock/swarm/v1/swarm.js";
import { OperatorService } from "../gen/interlock/swarm/v1/swarm_interlock.js";
import { createFakeLeader } from "../testing/fake-leader.js";
import { check } from "./check.js";
import { leaderRoutes } from "./leader-routes.js";
import { capabilitiesAtMost, createLimits, longNameAtMost, nameAtMost, reasonAtMost } from "./limits.js";
import { operatorRequestBytes } from "./request-bytes.js";
import { cancelTaskRules, cancelTasksRules, drainWorkerRules, submitTaskRules } from "./request-rules.js";

/** So many characters that take most bytes: three each in UTF-8. */
const wide = (length: number) => "あ".repeat(length);

describe("the longest requests of an operator", () => {
  it("leave room for the largest that the rules take", () => {
    for (const payloadBytes of [0, 1_024 * 1_024, 3.75 * 1_024 * 1_024]) {
      const limits = createLimits({ payloadBytes, resultBytes: 0, checkpointBytes: 0 });
      const bytes = operatorRequestBytes(limits);
      const task = SubmitTaskRequest.fromPartial({
        idempotencyKey: wide(nameAtMost),
        kind: wide(longNameAtMost),
        payload: Buffer.alloc(payloadBytes),
        requiredCapabilities: Array<string>(capabilitiesAtMost).fill(wide(nameAtMost)),
        priority: -1,
        fairnessKey: wide(longNameAtMost),
        maximumAttempts: 2 ** 32 - 1,
      });
      check(task, submitTaskRules(limits));
      assert.ok(SubmitTaskRequest.encode(task).finish().length <= (bytes.submitTask ?? 0));
      const cancel = CancelTaskRequest.fromPartial({ taskId: wide(nameAtMost), reason: wide(reasonAtMost) });
      check(cancel, cancelTaskRules);
      assert.ok(CancelTaskRequest.encode(cancel).finish().length <= (bytes.cancelTask ?? 0));
      const several = CancelTasksRequest.fromPartial({
        submittedBy: wide(2_048),
        kind: wide(longNameAtMost),
        reason: wide(reasonAtMost),
      });
      check(several, cancelTasksRules);
      assert.ok(CancelTasksRequest.encode(several).finish().length <= (bytes.cancelTasks ?? 0));
      const drain = DrainWorkerRequest.fromPartial({ worker: wide(2_048) });
      check(drain, drainWorkerRules);
      assert.ok(DrainWorkerRequest.encode(drain).finish().length <= (bytes.drainWorker ?? 0));
    }
  });

  it("are those with which a leader serves, by the payload that it takes", async () => {
    const fake = await createFakeLeader({ limits: { payloadBytes: 1_000 } });
    const given = new Map<unknown, unknown>();
    const routes: Routes = {
      add(service, _implementation, limits) {
        given.set(service, limits);
        return routes;
      },
    };
    leaderRoutes(fake.leader)(routes);
    assert.deepEqual(given.get(OperatorService), { requestBytes: operatorRequestBytes({ payloadBytes: 1_000 }) });
    await fake.close();
  });
});
