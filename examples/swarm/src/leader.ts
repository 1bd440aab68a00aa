// The leader's process: hands out tasks, and keeps the robots from running into each other.
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { joinFleet, silentLog } from "@interlock/bot";
import { createLeader, leaderRoutes } from "@interlock/swarm";
import { openTaskStore } from "@interlock/swarm/store";
import { receiveConfig, stopSignal, tell } from "./child.js";
import { createFloor } from "./floor.js";
import { TrafficService } from "./gen/warehouse/v1/warehouse_interlock.js";
import type { LeaderConfig } from "./messages.js";
import { trafficService } from "./traffic-service.js";
import { createWorld } from "./world.js";

const frameMs = 50;

const stopping = stopSignal();
const { stepMs, ...fleet } = await receiveConfig<LeaderConfig>();
const bot = await joinFleet({ ...fleet, name: "leader/1", log: silentLog });
bot.onDenial((denial) => tell({ type: "denial", denial }));

const floor = createFloor(createWorld());
const store = await openTaskStore(join(fleet.stateDir, "tasks.db"));
const leader = createLeader({ name: bot.name, store });
leader.onWorker(({ worker, state }) => {
  if (state !== "online" && state !== "draining") floor.leave(worker);
});
leader.onRefusal(({ worker, reason }) => tell({ type: "refusal", worker, reason }));

const nextFrame = (signal: AbortSignal) => delay(frameMs, undefined, { signal }).catch(() => {});
const server = await bot.serve({ port: 0 }, (routes) => {
  leaderRoutes(leader)(routes);
  routes.add(TrafficService, trafficService(floor, stepMs, nextFrame));
});
async function leave(): Promise<void> {
  await bot.close(500);
  await leader.close();
  await store.close();
}

stopping.addEventListener("abort", () => void leave().finally(() => process.exit(0)));
tell({ type: "ready", address: server.address });
