import type { Instance, UsageDay } from "@interlock/bot/protocol";
import type { FlowView } from "./model/fleet.js";
import { shortName } from "./model/format.js";

/** What every gateway serves (`GatewayService` of `@interlock/gateway`, which is not loaded for its name). */
const gatewayService = "interlock.gateway.v1.GatewayService";

/** The most gateways whose calls are shown, and the most bots that are named in a row. */
export const maximumGateways = 16;
const maximumNamed = 3;

/** The bots that are gateways, by name, in order. */
export function gatewaysIn(instances: readonly Instance[]): string[] {
  const serving = instances.filter(({ services }) => services.includes(gatewayService));
  return [...new Set(serving.map(({ spiffeId }) => shortName(spiffeId)))].sort();
}

interface Flow extends Omit<FlowView, "key" | "servers"> {
  readonly servers: Set<string>;
  calls: number;
  refused: number;
}

/**
 * The calls through a gateway, by caller and service, the most frequent first. The gateway has counted those that it has let in and
 * those that it has refused; a bot behind it counts them again, with the gateway as the one that acts, and those that it has refused.
 */
export function flowRows(gateway: string, days: readonly UsageDay[]): FlowView[] {
  const flows = new Map<string, Flow>();
  for (const { spiffeId, method, caller, actors, denial, count } of days) {
    const names = actors.map(shortName);
    const server = shortName(spiffeId);
    const isHere = server === gateway;
    const service = method.slice(0, Math.max(0, method.lastIndexOf("/")));
    if (service === "" || service === gatewayService || (!isHere && names[0] !== gateway)) continue;
    const by = (isHere ? names : names.slice(1)).join(", ");
    const key = [gateway, shortName(caller), by, service].join("\n");
    const flow = flows.get(key) ?? {
      ...{ gateway, caller: shortName(caller), by, service },
      ...{ servers: new Set(), calls: 0, refused: 0 },
    };
    flows.set(key, flow);
    if (denial !== "") flow.refused += Number(count);
    else if (isHere) flow.calls += Number(count);
    if (!isHere) flow.servers.add(server);
  }
  return [...flows]
    .map(([key, { servers, ...flow }]) => ({ key, ...flow, servers: namesOf(servers) }))
    .sort((a, b) => b.calls + b.refused - (a.calls + a.refused) || (a.key < b.key ? -1 : 1));
}

function namesOf(servers: ReadonlySet<string>): string {
  const names = [...servers].sort();
  const more = names.length - maximumNamed;
  return [...names.slice(0, maximumNamed), ...(more > 0 ? [`${more} more`] : [])].join(", ");
}
