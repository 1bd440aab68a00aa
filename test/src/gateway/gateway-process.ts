// A gateway in a process of its own, whose memory is its own.
import { joinFleet, silentLog } from "@interlock/bot";
import { type Gateway, openGateway } from "@interlock/gateway";
import { answerParent } from "@interlock/testing-processes";
import { RoutedEcho } from "./gateway-stage.js";

/** What {@link forkGateway} asks: to open the gateway, or how much memory it uses. */
export type GatewayAsk =
  | {
      readonly ask: "open";
      readonly authority: string;
      readonly name: string;
      readonly joinToken: string;
      readonly stateDir: string;
      /** Where the service is served. */
      readonly address: string;
    }
  | { readonly ask: "state" };

/** What a gateway says of itself. */
export interface GatewayState {
  readonly port: number;
  /** What is in use after a collection, in bytes: the heap, and what is outside of it. */
  readonly bytes: number;
  readonly calls: number;
}

let gateway: Gateway | undefined;

answerParent<GatewayAsk>(async (asked): Promise<GatewayState> => {
  if (asked.ask === "open") {
    const { authority, name, joinToken, stateDir, address } = asked;
    const bot = await joinFleet({ authority, name, joinToken, stateDir, log: silentLog });
    gateway = await openGateway(bot, {
      port: 0,
      routes: [{ service: RoutedEcho, addresses: [address] }],
      logSample: 0,
    });
  }
  // Buffers are freed after the collection that has found them.
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { heapUsed, external } = process.memoryUsage();
  return { port: gateway?.port ?? 0, bytes: heapUsed + external, calls: gateway?.open().calls ?? 0 };
});
