// An operator that submits as fast as it can, once it is told to.
import { joinFleet, silentLog } from "@interlock/bot";
import { OperatorService } from "@interlock/swarm";
import { onOrder, receiveConfig, run, tell } from "./child.js";

run(async () => {
  const { leaders, ...fleet } = await receiveConfig();
  const bot = await joinFleet({ ...fleet, log: silentLog });
  const client = bot.client(OperatorService, leaders[0] ?? "");
  let count = 0;
  async function submit(): Promise<void> {
    for (;;) {
      await client.submitTask({ kind: "effect", requiredCapabilities: ["nobody"] }).catch(() => {});
      count++;
    }
  }
  onOrder((order) => {
    if (order.type !== "flood") return;
    for (let i = 0; i < order.inFlight; i++) void submit();
    setInterval(() => tell({ type: "flooded", count }), 100);
  });
  tell({ type: "ready", address: "" });
});
