import { matchesIdentity } from "./identity-pattern.js";
import type { ServedService } from "./manifest.js";

/** The facts of a service that say which bots are at the ends of its connections. */
type Ends = Pick<ServedService, "servedBy" | "via">;

/**
 * The identity patterns of the bots at which a service is called: of its gateways, where it has any; otherwise of the bots
 * that may serve it.
 *
 * @param service - The service's definition, or what a manifest says of it.
 * @param caller - The name of the bot that calls. One of the service's gateways calls the bots that serve it. Default: none of them.
 * @returns The patterns; empty where any bot may serve it.
 *
 * @example
 * ```ts
 * expectedServers({ servedBy: ["gripper/*"], via: ["gateway/*"] }, "coffee/1"); // ["gateway/*"]
 * expectedServers({ servedBy: ["gripper/*"], via: ["gateway/*"] }, "gateway/1"); // ["gripper/*"]
 * ```
 */
export function expectedServers({ servedBy, via = [] }: Ends, caller = ""): readonly string[] {
  return via.length === 0 || matchesAny(via, caller) ? servedBy : via;
}

/**
 * Whether a bot may call a service at the bots that serve it: any bot where the service has no gateway, otherwise its gateways.
 *
 * @param via - The identity patterns of its gateways.
 * @param name - The name of the bot that calls.
 * @returns False for a bot that comes around the gateway.
 */
export function mayCallDirectly(via: readonly string[] | undefined, name: string): boolean {
  return via === undefined || via.length === 0 || matchesAny(via, name);
}

/**
 * Whether callers accept a bot as the other end of a service: as one that serves it, or as one of its gateways.
 *
 * @param service - The service's definition, or what a manifest says of it.
 * @param name - The name of the bot.
 * @returns True for a bot that matches `servedBy` or `via`, and for any bot where `servedBy` is empty.
 */
export function mayOffer({ servedBy, via = [] }: Ends, name: string): boolean {
  return servedBy.length === 0 || matchesAny(servedBy, name) || matchesAny(via, name);
}

function matchesAny(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => matchesIdentity(pattern, name));
}
