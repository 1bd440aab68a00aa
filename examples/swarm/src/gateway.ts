// The gateway's process: the door through which orders come to the leader.
import { joinFleet, silentLog } from "@interlock/bot";
import { openGateway } from "@interlock/gateway";
import { OperatorService } from "@interlock/swarm";
import { receiveConfig, stopSignal, tell, tellOf } from "./child.js";
import type { GatewayConfig } from "./messages.js";

const stopping = stopSignal();
const { leader, ...fleet } = await receiveConfig<GatewayConfig>();
const bot = await joinFleet({ ...fleet, name: "gateway/1", log: silentLog });
tellOf(bot);

// No bot of this fleet needs to call more often.
const callerRate = { perSecond: 400, burst: 400 };
const routes = [{ service: OperatorService, addresses: [leader] }];
const gateway = await openGateway(bot, { port: 0, routes, callerRate });

stopping.addEventListener(
  "abort",
  () =>
    void gateway
      .close(500)
      .then(() => bot.close(0))
      .finally(() => process.exit(0)),
);
tell({ type: "ready", address: gateway.address });
