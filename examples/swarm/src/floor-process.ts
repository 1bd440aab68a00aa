// The floor's process: traffic rules, gripper arms, coffee maker. It is separate from the leader, like a real warehouse.
import { setTimeout as delay } from "node:timers/promises";
import { InterlockError, joinFleet, silentLog } from "@interlock/bot";
import { receiveConfig, stopSignal, tell, tellOf } from "./child.js";
import { createFloor } from "./floor.js";
import { DiagnosticsService, MachineService, TrafficService } from "./gen/warehouse/v1/warehouse_interlock.js";
import { machineService } from "./machine-service.js";
import { createMachines } from "./machines.js";
import type { FloorConfig } from "./messages.js";
import { trafficService } from "./traffic-service.js";
import { createWorld } from "./world.js";

const frameMs = 50;

const stopping = stopSignal();
const { stepMs, ...fleet } = await receiveConfig<FloorConfig>();
const bot = await joinFleet({ ...fleet, name: "floor/1", log: silentLog });
tellOf(bot);

const world = createWorld();
const floor = createFloor(world);
const machines = createMachines({
  world,
  gripMs: stepMs * 3,
  brewMs: stepMs * 20,
  wait: (ms, signal) => delay(ms, undefined, { signal }),
  onEffect: ({ taskId, robot, machine }) => tell({ type: "effect", taskId, robot, machine }),
});
const nextFrame = (signal: AbortSignal) => delay(frameMs, undefined, { signal }).catch(() => {});
const server = await bot.serve({ port: 0 }, (routes) => {
  routes.add(TrafficService, trafficService(floor, machines, stepMs, nextFrame));
  routes.add(MachineService, machineService(world, floor, machines, nextFrame));
  // A forgotten endpoint. Its policy has a sunset date, and calls after that date are refused.
  routes.add(DiagnosticsService, {
    placeOrder() {
      throw new InterlockError("INTERNAL", "An order was placed at 2 AM.");
    },
  });
});

stopping.addEventListener("abort", () => void bot.close(0).finally(() => process.exit(0)));
tell({ type: "ready", address: server.address });
