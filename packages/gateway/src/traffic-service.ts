import type { Implementation } from "@interlock/bot";
import type { GatewayService } from "./gen/interlock/gateway/v1/gateway_service_interlock.js";
import { type Interval, intervalMs, type Traffic } from "./traffic.js";

/** What is open at a gateway now. */
export interface OpenNow {
  readonly connections: number;
  readonly calls: number;
  readonly upstream: number;
  readonly callLimit: number;
}

/** The intervals that wait for a watcher who reads slowly; the oldest one goes for one more. */
const maximumWaiting = 8;

/** The service with which an operator watches a gateway. */
export function createTrafficService(traffic: Traffic, open: () => OpenNow): Implementation<typeof GatewayService> {
  return {
    async *watchTraffic(_request, { signal }) {
      const waiting: Interval[] = [];
      let wake = () => {};
      const stop = traffic.watch((interval) => {
        if (waiting.push(interval) > maximumWaiting) waiting.shift();
        wake();
      });
      signal.addEventListener("abort", () => wake(), { once: true });
      try {
        while (!signal.aborted) {
          const next = waiting.shift();
          if (!next) {
            await new Promise<void>((resolve) => (wake = resolve));
            continue;
          }
          const { connections, calls, upstream, callLimit } = open();
          yield {
            flows: next.flows.map((flow) => ({ ...flow, via: [...flow.via] })),
            leftOut: next.leftOut,
            intervalMs,
            openCalls: calls,
            callLimit,
            connections,
            upstreamConnections: upstream,
          };
        }
      } finally {
        stop();
      }
    },
  };
}
