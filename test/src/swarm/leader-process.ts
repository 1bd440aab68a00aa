// A leader in a process of its own, to be killed.
import { joinFleet, silentLog } from "@interlock/bot";
import { createLeader, leaderRoutes } from "@interlock/swarm";
import { openTaskStore } from "@interlock/swarm/store";
import { receiveConfig, run, tell } from "./child.js";

run(async () => {
  const { port, store, computeMs, ...fleet } = await receiveConfig();
  const bot = await joinFleet({ ...fleet, log: silentLog });
  const leaseMsOf = (kind: string) => (kind === "compute" ? computeMs : 0);
  const leader = createLeader({ name: bot.name, store: await openTaskStore(store), leaseMsOf });
  const { address } = await bot.serve({ port }, leaderRoutes(leader));
  tell({ type: "ready", address });
});
