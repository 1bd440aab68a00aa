// A worker in a process of its own, to be killed. What it does depends on the kind of the task.
import { setTimeout as sleep } from "node:timers/promises";
import { joinFleet, silentLog } from "@interlock/bot";
import { runWorker, type TaskContext, TaskRefusal, type WorkerTask } from "@interlock/swarm";
import { onOrder, receiveConfig, run, tell } from "./child.js";

const asked = new Map<number, (answer: string) => void>();
let ids = 0;

/** Asks the sink, which stands outside of the swarm, as a machine or another database would. */
function ask(what: "begin" | "apply", { taskId, leaseToken }: WorkerTask): Promise<string> {
  const id = ++ids;
  tell({ type: "ask", id, what, taskId, leaseToken: String(leaseToken) });
  return new Promise((resolve) => asked.set(id, resolve));
}

/** Has one effect outside, under its fencing token, unless an earlier attempt has had it. */
async function effect(task: WorkerTask): Promise<void> {
  const begun = await ask("begin", task);
  if (begun === "stale") throw new TaskRefusal("forfeit", "STALE");
  if (begun === "done") return;
  await sleep(150 + Math.random() * 300); // It takes no notice of its signal, as a gripper that has begun to close.
  if ((await ask("apply", task)) !== "applied") throw new TaskRefusal("forfeit", "STALE");
}

/** Goes on until it is stopped. */
async function hold(task: WorkerTask, { signal, progress }: TaskContext): Promise<void> {
  progress(0.5, "holding");
  await sleep(60_000, undefined, { signal }).catch(() => {
    tell({ type: "aborted", taskId: task.taskId, reason: String(signal.reason), at: Date.now() });
    throw signal.reason;
  });
}

/** Takes five steps, one after the other, over all attempts; the first worker gets no further than three. */
async function steps(task: WorkerTask, context: TaskContext): Promise<void> {
  for (let step = Number(Buffer.from(task.checkpoint).toString() || "0") + 1; step <= 5; step++) {
    if (task.attempt === 1 && step === 4) await hold(task, context);
    await context.checkpoint(Buffer.from(String(step)));
    context.progress(step / 5);
  }
}

run(async () => {
  const { leaders, slots, ...fleet } = await receiveConfig();
  onOrder((order) => {
    if (order.type !== "answer") return;
    asked.get(order.id)?.(order.answer);
    asked.delete(order.id);
  });
  const bot = await joinFleet({ ...fleet, log: silentLog });
  tell({ type: "ready", address: "" });
  await runWorker(bot, { leaders, slots, capabilities: ["test"] }, async (task, context) => {
    const { taskId, attempt } = task;
    const checkpoint = Buffer.from(task.checkpoint).toString();
    if (task.kind !== "effect") tell({ type: "begun", taskId, attempt, checkpoint, at: Date.now() });
    if (task.kind === "effect") await effect(task);
    else if (task.kind === "hold") await hold(task, context);
    else if (task.kind === "steps") await steps(task, context);
    return Buffer.from(bot.name);
  });
});
