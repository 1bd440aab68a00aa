import { groupBy } from "../group-by.js";
import type { Fleet, FleetProcess } from "../inputs/fleet.js";
import type { AuditInputs } from "../inputs/inputs.js";
import type { ScannedPort } from "../inputs/scan.js";
import { compareText } from "../text.js";
import { createPortFinder, nameOf, reflectedServices } from "./find-ports.js";
import type { EndpointServer } from "./inventory.js";

const unknownPlace = { bot: "", instance: "", version: "", address: "", online: false, listening: false } as const;

/**
 * Finds the places where each method is served, or was after `since`.
 *
 * @returns A function from a service and a method of it to its servers, those that are online first.
 */
export function collectServers(
  { fleet, scan }: AuditInputs,
  since: number,
): (service: string, method: string) => EndpointServer[] {
  const findPort = createPortFinder(scan, fleet?.trustDomain ?? "");
  const places = new Map<string, EndpointServer[]>(); // By method, and by service where no manifest names methods.
  const placed = new Set<string>();

  for (const process of currentProcesses(fleet)) {
    const ports = process.addresses.map((address) => findPort(process.bot, address));
    const servers = placesOf(process, ports);
    const manifest = fleet?.manifests.get(process.manifestHash) ?? [];
    const byName = process.services.filter((service) => !manifest.some(({ name }) => name === service));
    for (const { name, methods } of manifest)
      for (const method of methods) push(places, `${name}/${method.name}`, servers);
    for (const service of byName) push(places, service, servers);
    for (const service of [...byName, ...manifest.map(({ name }) => name)])
      for (const port of ports) if (port) placed.add(`${service} ${port.address}`);
  }
  // Records outlive the processes that the authority remembers.
  const reporting = new Set(fleet?.processes.map(({ bot }) => bot));
  for (const { bot, service, lastAt } of fleet?.servers ?? [])
    if (lastAt >= since && !reporting.has(bot)) push(places, service, [{ ...unknownPlace, bot, lastSeenAt: lastAt }]);
  for (const port of scan?.ports ?? []) {
    const bot = nameOf(port.tls?.certificate?.spiffeId, fleet?.trustDomain ?? "") ?? "";
    for (const service of reflectedServices(port))
      if (!placed.has(`${service} ${port.address}`))
        push(places, service, [{ ...unknownPlace, bot, address: port.address, listening: true }]);
  }
  return (service, method) =>
    [...(places.get(`${service}/${method}`) ?? []), ...(places.get(service) ?? [])].sort(onlineFirst);
}

/** The processes without those that a later one of their bot has replaced. */
function currentProcesses(fleet: Fleet | undefined): FleetProcess[] {
  const ofBots = groupBy(fleet?.processes ?? [], ({ bot }) => bot);
  return [...ofBots.values()].flatMap((processes) => {
    const latest = processes.reduce((most, { startedAt }) => Math.max(most, startedAt), 0);
    return processes.filter(
      ({ online, stoppedAt, startedAt, lastSeenAt }) =>
        online || latest <= (stoppedAt === undefined ? lastSeenAt : startedAt),
    );
  });
}

function placesOf(process: FleetProcess, ports: readonly (ScannedPort | undefined)[]): EndpointServer[] {
  const { bot, instance, version, online, lastSeenAt, stoppedAt } = process;
  const addresses = process.addresses.length > 0 ? process.addresses : [""];
  return addresses.map((address, i) => ({
    bot,
    instance,
    version,
    address,
    online,
    listening: ports[i] !== undefined,
    lastSeenAt,
    stoppedAt,
  }));
}

function push(places: Map<string, EndpointServer[]>, key: string, servers: readonly EndpointServer[]): void {
  const known = places.get(key);
  if (known) for (const server of servers) known.push(server);
  else places.set(key, [...servers]);
}

function onlineFirst(a: EndpointServer, b: EndpointServer): number {
  const [x, y] = [`${a.bot} ${a.address} ${a.instance}`, `${b.bot} ${b.address} ${b.instance}`];
  return Number(b.online) - Number(a.online) || compareText(x, y);
}
