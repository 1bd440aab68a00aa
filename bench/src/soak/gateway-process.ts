// The process of a bot of the soak: one that serves, or a gateway.
import { type Bot, type BotServer, joinFleet, silentLog } from "@interlock/bot";
import { type Gateway, openGateway } from "@interlock/gateway";
import { answerParent } from "@interlock/testing-processes";
import { SoakService } from "../gen/interlock/bench/v1/soak_interlock.js";
import type { Side } from "../variants/interlock.js";
import { soakHandlers } from "./soak-handlers.js";

export type GatewayAsk =
  | { readonly do: "join"; readonly side: Side }
  /** Serves, at a port that was had before or at a free one. */
  | { readonly do: "serve"; readonly port: number }
  /** Lets open calls finish, and serves no more. */
  | { readonly do: "drain" }
  /** Opens a gateway in front of bots, or has it take them over in place of those before. */
  | { readonly do: "pass"; readonly addresses: readonly string[] }
  | { readonly do: "count" };

/** The answer to a request, which decides which fields are present. */
export interface GatewayAnswer {
  readonly address?: string;
  /** The calls that are open at a gateway. */
  readonly calls?: number;
  /** How often the certificate has been renewed. */
  readonly renewals?: number;
}

/** No caller is to meet a rate limit. */
const callerRate = { perSecond: 1e9, burst: 1e9 };
const drainMs = 30_000;

let bot: Bot | undefined;
let server: BotServer | undefined;
let gateway: Gateway | undefined;
let renewals = 0;

answerParent(async (ask: GatewayAsk): Promise<GatewayAnswer> => {
  if (ask.do === "join") {
    bot = await joinFleet({ ...ask.side, log: silentLog });
    bot.identity.onChange(() => renewals++);
    return {};
  }
  if (!bot) throw new Error("there is no bot in this process");
  switch (ask.do) {
    case "serve": {
      server = await bot.serve({ port: ask.port, callerRate }, (routes) => routes.add(SoakService, soakHandlers));
      return { address: server.address };
    }
    case "drain":
      await server?.close(drainMs);
      return {};
    case "pass": {
      const routes = [{ service: SoakService, addresses: ask.addresses, servers: ["robot/*"] }];
      if (gateway) await gateway.reload(routes);
      else gateway = await openGateway(bot, { port: 0, routes, callerRate });
      return { address: gateway.address };
    }
    case "count":
      return { calls: gateway?.open().calls ?? 0, renewals };
  }
});
