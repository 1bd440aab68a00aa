import { setTimeout as sleep } from "node:timers/promises";
import { joinFleet } from "@interlock/bot";
import { runWorker } from "@interlock/swarm";

const bot = await joinFleet({
  authority: process.env.INTERLOCK_AUTHORITY ?? "localhost:7443",
  name: "worker/1",
  joinToken: process.env.INTERLOCK_JOIN_TOKEN,
});

const leaders = (process.env.LEADERS ?? "localhost:7450").split(",");
await runWorker(bot, { leaders, capabilities: ["count"] }, async (task, { signal, progress, checkpoint }) => {
  const goal = Number(Buffer.from(task.payload).toString());
  let done = Number(Buffer.from(task.checkpoint).toString()); // Where an earlier attempt left off; 0 at first.
  while (done < goal) {
    await sleep(50, undefined, { signal }); // It ends at once when this worker has to stop.
    await checkpoint(Buffer.from(String(++done)));
    progress(done / goal, `at ${done}`);
  }
  return Buffer.from(`counted to ${done}`);
});
