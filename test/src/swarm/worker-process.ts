// A worker in a process of its own, to be killed.
import { setTimeout as sleep } from "node:timers/promises";
import { joinFleet, silentLog } from "@interlock/bot";
import { runWorker, TaskRefusal, type WorkerTask } from "@interlock/swarm";
import { onOrder, receiveConfig, run, tell } from "./child.js";

const asked = new Map<number, (answer: string) => void>();
let ids = 0;

/** Asks the sink, which is outside the swarm, as a machine or another database would be. */
function ask(what: "begin" | "apply", { taskId, leaseToken }: WorkerTask): Promise<string> {
  const id = ++ids;
  tell({ type: "ask", id, what, taskId, leaseToken: String(leaseToken) });
  return new Promise((resolve) => asked.set(id, resolve));
}

/** Causes one effect outside the swarm, under its fencing token, if no earlier attempt has caused it. */
async function effect(task: WorkerTask): Promise<void> {
  const begun = await ask("begin", task);
  if (begun === "stale") throw new TaskRefusal("forfeit", "STALE");
  if (begun === "done") return;
  await sleep(100 + Math.random() * 200); // It ignores its signal, like a gripper that has started to close.
  if ((await ask("apply", task)) !== "applied") throw new TaskRefusal("forfeit", "STALE");
}

run(async () => {
  const { leaders, slots, prefetch, ...fleet } = await receiveConfig();
  onOrder((order) => {
    asked.get(order.id)?.(order.answer);
    asked.delete(order.id);
  });
  const bot = await joinFleet({ ...fleet, log: silentLog });
  tell({ type: "ready", address: "" });
  await runWorker(bot, { leaders, slots, prefetch, capabilities: ["test"] }, async (task) => {
    await effect(task);
    return Buffer.from(bot.name);
  });
});
