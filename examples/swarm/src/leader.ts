// The leader's process: hands out tasks, and keeps the robots from running into each other.
import { setTimeout as delay } from "node:timers/promises";
import { joinFleet, silentLog } from "@interlock/bot";
import { createDispatcher, dispatchRoutes } from "@interlock/swarm";
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
const dispatcher = createDispatcher();
dispatcher.onWorker(({ worker, state }) => {
  if (state !== "online") floor.leave(worker);
});
dispatcher.onRefusal(({ worker, reason }) => tell({ type: "refusal", worker, reason }));

const nextFrame = (signal: AbortSignal) => delay(frameMs, undefined, { signal }).catch(() => {});
const server = await bot.serve({ port: 0 }, (routes) => {
  dispatchRoutes(dispatcher)(routes);
  routes.add(TrafficService, trafficService(floor, stepMs, nextFrame));
});
stopping.addEventListener("abort", () => void bot.close(500).finally(() => process.exit(0)));
tell({ type: "ready", address: server.address });
