import { joinFleet } from "@interlock/bot";
import { createLeader, leaderRoutes } from "@interlock/swarm";
import { openTaskStore } from "@interlock/swarm/store";

const bot = await joinFleet({
  authority: process.env.INTERLOCK_AUTHORITY ?? "localhost:7443",
  name: "leader/1",
  joinToken: process.env.INTERLOCK_JOIN_TOKEN,
});

const store = await openTaskStore(process.env.TASKS ?? "tasks.db"); // or postgres://…
const leader = createLeader({ name: bot.name, store });
leader.onRefusal(({ worker, taskId, reason }) => console.log(`${worker} may not report on ${taskId}: ${reason}`));

const server = await bot.serve({ port: Number(process.env.PORT ?? 7450) }, leaderRoutes(leader));
console.log(`leads at ${server.address}`);
