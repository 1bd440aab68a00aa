// A worker in a process of its own whose handler computes, without ever yielding, for as long as the payload says.
import { joinFleet, silentLog } from "@interlock/bot";
import { runWorker } from "@interlock/swarm";
import { receiveConfig, run, tell } from "./child.js";

run(async () => {
  const { leaders, slots, prefetch, ...fleet } = await receiveConfig();
  const bot = await joinFleet({ ...fleet, log: silentLog });
  tell({ type: "ready", address: "" });
  const log = { ...silentLog, warn: (message: string, facts = {}) => tell({ type: "warned", message, facts }) };
  await runWorker(bot, { leaders, slots, prefetch, log }, async function computeRoute({ payload, attempt }) {
    tell({ type: "began", attempt });
    const [ms = 0, parts = 1] = Buffer.from(payload).toString().split("×").map(Number);
    for (let part = 0; part < parts; part++) {
      for (const end = performance.now() + ms; performance.now() < end; );
      await new Promise((resolve) => setImmediate(resolve));
    }
    return Buffer.from("computed");
  });
});
