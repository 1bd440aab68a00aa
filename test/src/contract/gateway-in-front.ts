import type { BotParts } from "@interlock/bot/internal";
import { EchoService, type TestFleet } from "@interlock/bot/testing";
import { type Gateway, type GatewayOptions, openGateway } from "@interlock/gateway";
import { decodeJwt } from "jose";
import type { Row } from "./row.js";

/** A gateway in front of an echo server, and the end of both. */
export interface GatewayInFront {
  readonly gateway: Gateway;
  close(): Promise<void>;
}

/** What a row with a gateway needs, in a process that cannot have one. */
export const wireForGateways: Pick<Row, "needs"> =
  process.env.INTERLOCK_TRANSPORT === "grpc-js" ? { needs: "wire, over which gateways pass calls on" } : {};

/** Opens a gateway of a test fleet, whose tokens are exchanged as an authority does it. */
export async function gatewayInFront(
  fleet: TestFleet,
  address: string,
  options: Partial<GatewayOptions> = {},
): Promise<GatewayInFront> {
  const exchange: BotParts["exchange"] = async (subjectToken, audience, scopes, identity) => {
    const { sub, act, jti, exp = 0 } = decodeJwt(subjectToken);
    const actors = { sub: identity.spiffeId.uri, ...(act !== undefined && { act }) };
    const claims = { sub, act: actors, exp, exchanged_from: [jti] };
    return { token: await fleet.token(identity, audience, scopes, claims), expiresAt: exp * 1_000 };
  };
  const bot = await fleet.bot("gateway/1", undefined, { exchange });
  const routes = [{ service: EchoService, addresses: [address], servers: ["echo/*"], anyBot: true }];
  const gateway = await openGateway(bot, { port: 0, routes, logSample: 0, ...options });
  return {
    gateway,
    async close() {
      await gateway.close(0);
      await bot.close(0);
    },
  };
}
