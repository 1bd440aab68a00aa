import { UpdateType } from "@interlock/swarm";
import { CarryCheckpoint, Fault } from "../gen/warehouse/v1/warehouse.js";
import { keyOf } from "../world.js";
import type { Act } from "./act.js";
import { isCompleted, isLoaded } from "./task-is.js";

export const checkpoint: Act = {
  name: "checkpoint",
  title: "A robot's drive breaks down halfway; another robot takes over the item where it is",
  bars: [11],
  verdict: "survived",
  expected: "the next attempt begins at the checkpoint; a watch resumes at its cursor",
  async play({ work, worker, robot, order, chronicle }) {
    const { taskId } = await work.errand(order());
    const { worker: name, attempt } = await work.until(taskId, isLoaded);
    const cursor = await firstCursor(work.swarm.watch());
    const since = Date.now();
    const began = performance.now();
    await robot(worker(name)).break({ fault: Fault.FAULT_DRIVE });
    const handedBack = await work.until(taskId, (task) => task.attempt > attempt);
    const begun = await chronicle.until("begun", (said) => said.taskId === taskId && said.attempt > attempt, since);
    const ms = performance.now() - began;
    await work.until(taskId, isCompleted);
    const { itemAt } = CarryCheckpoint.decode(handedBack.checkpoint);
    const kept = itemAt !== undefined && begun.checkpoint === keyOf(itemAt);
    const resumed = await resumes(work.swarm.watch({ cursor }), taskId);
    const at = kept ? `at ${begun.checkpoint}, the last checkpoint of ${name}` : "somewhere else";
    const seen = `attempt ${begun.attempt} by ${begun.from} begins ${at}; a watch ${resumed ? "resumes" : "starts over"}`;
    return { seen, ms, ok: kept && resumed };
  },
};

type Updates = ReturnType<Parameters<Act["play"]>[0]["work"]["swarm"]["watch"]>;

async function firstCursor(updates: Updates): Promise<string> {
  for await (const { cursor } of updates) if (cursor !== "") return cursor;
  throw new Error("The watch has ended.");
}

/** Whether a resumed watch sends the changes since its cursor, including the task, and not everything again. */
async function resumes(updates: Updates, taskId: string): Promise<boolean> {
  for await (const { type, tasks } of updates) {
    if (type !== UpdateType.UPDATE_TYPE_INCREMENTAL) return false;
    if (tasks.some((task) => task.taskId === taskId)) return true;
  }
  return false;
}
