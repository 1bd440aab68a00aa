import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { Assignment, type DispatchRequest, UpdateType } from "../gen/interlock/swarm/v1/swarm.js";
import { createWorkbench } from "./workbench.js";

const type = UpdateType.UPDATE_TYPE_INCREMENTAL;
const assignment = (token: number) =>
  Assignment.fromPartial({ lease: { taskId: `t${token}`, attempt: 1, leaseToken: BigInt(token), leaderEpoch: 1n } });

describe("workbench", () => {
  it("takes no lease twice, also after thousands of others", async () => {
    const told: DispatchRequest["event"][] = [];
    let begun = 0;
    const handle = async () => {
      begun++;
      return undefined;
    };
    const bench = createWorkbench(handle, 1, (event) => told.push(event));
    for (let token = 1; token <= 10_000; token++) {
      bench.assign({ type, assignments: [assignment(token)] });
      await bench.idle();
      bench.receipt({ lease: assignment(token).lease, recorded: true, reason: "", sequence: 0 });
    }
    bench.assign({ type, assignments: [assignment(7), assignment(10_000)] });
    await bench.idle();
    assert.equal(begun, 10_000);
    const last = told.slice(-2).map((event) => event?.$case === "forfeitTask" && event.value.reason);
    assert.deepEqual(last, ["ATTEMPT_STOPPED", "ATTEMPT_STOPPED"]);
  });

  it("accepts nothing that was stopped before it could say so, and keeps nothing of it", async () => {
    const told: DispatchRequest["event"][] = [];
    const bench = createWorkbench(
      () => new Promise(() => {}),
      1,
      (event) => told.push(event),
    );
    bench.assign({ type, assignments: [assignment(1), assignment(2), assignment(3)] });
    bench.stopAll("EMERGENCY_STOP");
    await turn();
    assert.deepEqual(told, []);
    assert.deepEqual(bench.held(), []);
  });
});
