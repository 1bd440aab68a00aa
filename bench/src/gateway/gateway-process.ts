// The process of a gateway under measurement.
import { joinFleet, silentLog } from "@interlock/bot";
import { openGateway } from "@interlock/gateway";
import { answerParent } from "@interlock/testing-processes";
import { EchoService } from "../gen/interlock/bench/v1/bench_interlock.js";
import type { Side } from "../variants/interlock.js";

export interface GatewayAsk {
  readonly do: "open";
  readonly side: Side;
  readonly upstream: string;
}

export interface GatewayAnswer {
  readonly address: string;
}

answerParent(async ({ side, upstream }: GatewayAsk): Promise<GatewayAnswer> => {
  const bot = await joinFleet({ ...side, log: silentLog });
  const gateway = await openGateway(bot, {
    port: 0,
    routes: [{ service: EchoService, addresses: [upstream], servers: ["server/*"] }],
    // One client makes all the calls, as fast as it can: no rate limit.
    callerRate: { perSecond: 1e9, burst: 1e9 },
  });
  return { address: gateway.address };
});
