// The process of a sidecar under measurement.
import { joinFleet, silentLog } from "@interlock/bot";
import { openSidecar } from "@interlock/gateway";
import { answerParent } from "@interlock/testing-processes";
import { EchoService } from "../gen/interlock/bench/v1/bench_interlock.js";
import type { Side } from "../variants/interlock.js";

export interface SidecarAsk {
  readonly do: "open";
  readonly side: Side;
  /** `host:port` of the program. */
  readonly program: string;
}

export interface SidecarAnswer {
  readonly address: string;
}

answerParent(async ({ side, program }: SidecarAsk): Promise<SidecarAnswer> => {
  const bot = await joinFleet({ ...side, log: silentLog });
  const { inbound } = await openSidecar(bot, {
    // One client makes all the calls, as fast as it can: no rate limit.
    inbound: { port: 0, services: [EchoService], program, callerRate: { perSecond: 1e9, burst: 1e9 } },
  });
  return { address: inbound?.address ?? "" };
});
