import { mayCallDirectly } from "@interlock/policy";
import { denial } from "../base/error.js";
import type { Attempt } from "./attempt.js";

/**
 * Refuses a call that comes around the gateway of its service (`via` in the proto file): the bot at the other end is none of its
 * gateways. It looks at the certificate alone, before the token and also where none is needed: a good token in the wrong hands is
 * what a gateway is there to keep away.
 *
 * @throws `GATEWAY_REQUIRED`.
 */
export function requireGateway({ service, via, connection }: Pick<Attempt, "service" | "via" | "connection">): void {
  const { name } = connection.peer;
  if (via === undefined || mayCallDirectly(via, name)) return;
  const gateways = via.join(" ");
  throw denial("GATEWAY_REQUIRED", `call ${service} at a bot of ${gateways}, which the directory finds`, {
    needed: gateways,
    held: name,
  });
}

/** Whether the bot at the other end is one of the gateways of the service that is called. */
export function isGateway({ via, connection }: Pick<Attempt, "via" | "connection">): boolean {
  return via !== undefined && mayCallDirectly(via, connection.peer.name);
}
