import { joinFleet } from "@interlock/bot";
import { connectSwarm, isClosed, taskStateName } from "@interlock/swarm";

const bot = await joinFleet({
  authority: process.env.INTERLOCK_AUTHORITY ?? "localhost:7443",
  name: "operator/1",
  joinToken: process.env.INTERLOCK_JOIN_TOKEN,
});

const swarm = connectSwarm(bot, (process.env.LEADERS ?? "localhost:7450").split(","));
const order = { kind: "count", payload: Buffer.from("5"), requiredCapabilities: ["count"] };
const { task } = await swarm.submit({ ...order, idempotencyKey: "order-7" });
const { created } = await swarm.submit({ ...order, idempotencyKey: "order-7" });
console.log(`the same order again: ${created ? "a second task" : "the same task"}`);

for await (const { tasks } of swarm.watch({ taskIds: [task.taskId] })) {
  for (const { state, worker, progress, result } of tasks) {
    console.log(taskStateName(state), worker, progress?.stage ?? "", Buffer.from(result).toString());
  }
  if (tasks.some(({ state }) => isClosed(state))) break;
}
await bot.close();
