// The leader's process: it assigns tasks. It may be killed at any time: everything that it acknowledged is on the disk.
import { join } from "node:path";
import { joinFleet, silentLog } from "@interlock/bot";
import { createLeader, leaderRoutes } from "@interlock/swarm";
import { openTaskStore } from "@interlock/swarm/store";
import { onAsked, receiveConfig, stopSignal, tell, tellOf } from "./child.js";
import type { LeaderConfig } from "./messages.js";

const stopping = stopSignal();
const { port, ...fleet } = await receiveConfig<LeaderConfig>();
const bot = await joinFleet({ ...fleet, name: "leader/1", log: silentLog });
tellOf(bot);

const store = await openTaskStore(join(fleet.stateDir, "tasks.db"));
// In this story a task may be lost more often than in a year of real work.
const leader = createLeader({ name: bot.name, store, maximumAttempts: 20, log: silentLog });
leader.onLead((leads) => leads && tell({ type: "leads", epoch: leader.active().epoch, at: Date.now() }));
leader.onWorker(({ worker, state }) => tell({ type: "worker", worker, state, at: Date.now() }));
leader.onRefusal(({ worker, taskId, reason }) => tell({ type: "refusal", worker, taskId, reason }));
onAsked(({ type }) => (type === "audit" ? leader.audit(50) : undefined));

// No bot of this fleet needs to call more often.
const server = await bot.serve({ port, callerRate: { perSecond: 400, burst: 400 } }, leaderRoutes(leader));
async function leave(): Promise<void> {
  await bot.close(500);
  await leader.close();
  await store.close();
}

stopping.addEventListener("abort", () => void leave().finally(() => process.exit(0)));
tell({ type: "ready", address: server.address });
