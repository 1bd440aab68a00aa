import { OperatorService } from "@interlock/swarm";
import { fetchToken } from "../credentials.js";
import { rawCall } from "../raw-client.js";
import { refusal } from "./refusal.js";

export const missingScope = refusal({
  name: "missing-scope",
  attacker: "a worker",
  title: "A worker gives orders: it submits a task",
  bars: [7],
  expected: ["PERMISSION_DENIED", "SCOPE_MISSING"],
  // A worker may read the queue, and nothing else; its token holds only granted scopes.
  async control({ fleet }) {
    const identity = await fleet.loot("worker/2");
    const token = await fetchToken(fleet.authority, identity, OperatorService, ["swarm:read", "swarm:submit"]);
    const as = { ca: fleet.authority.ca, address: fleet.leader.address, identity, token };
    await rawCall({ ...as, method: OperatorService.methods.listTasks, request: { pageSize: 1 } });
    return as;
  },
  // If this call were ever accepted, the task would show up at the leader.
  attack: (_, as) => rawCall({ ...as, method: OperatorService.methods.submitTask, request: { kind: "mischief" } }),
});
