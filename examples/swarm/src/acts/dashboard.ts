import { OperatorService } from "@interlock/swarm";
import { fetchToken } from "../credentials.js";
import { rawCall } from "../raw-client.js";
import { refusal } from "./refusal.js";

export const dashboard = refusal({
  name: "dashboard",
  attacker: "the dashboard's hijacker",
  title: "An attacker takes over the dashboard and submits a task",
  bars: [12],
  expected: ["PERMISSION_DENIED", "SCOPE_MISSING"],
  // The page is served, it refuses POST, and its identity may read.
  async control({ fleet }) {
    const page = await fetch(fleet.dashboard);
    if (!page.ok || !(await page.text()).includes("<html")) throw new Error(`the page answers ${page.status}`);
    const posted = await fetch(fleet.dashboard, { method: "POST" });
    if (posted.status !== 405) throw new Error(`a POST to the page is answered ${posted.status}`);
    const identity = await fleet.loot("dashboard/1");
    const token = await fetchToken(fleet.authority, identity, OperatorService, ["swarm:read", "swarm:submit"]);
    const as = { ca: fleet.authority.ca, address: fleet.leader.address, identity, token };
    await rawCall({ ...as, method: OperatorService.methods.listTasks, request: { pageSize: 1 } });
    return as;
  },
  attack: (_, as) => rawCall({ ...as, method: OperatorService.methods.submitTask, request: { kind: "mischief" } }),
});
