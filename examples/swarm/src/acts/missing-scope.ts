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
  // A worker may look at the queue, and nothing else; more scopes than it is granted it does not get.
  async control({ fleet }) {
    const identity = await fleet.loot("worker/2");
    const token = await fetchToken(fleet.authority, identity, OperatorService, ["swarm:read", "swarm:submit"]);
    const as = { ca: fleet.authority.ca, address: fleet.leader.address, identity, token };
    await rawCall({ ...as, method: OperatorService.methods.listTasks, request: { pageSize: 1 } });
    return as;
  },
  // Should it ever be let in, this shows up among the leader's tasks.
  attack: (_, as) => rawCall({ ...as, method: OperatorService.methods.submitTask, request: { kind: "mischief" } }),
});
