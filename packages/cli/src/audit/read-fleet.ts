import type {
  Fleet,
  FleetBot,
  FleetProcess,
  GrantVersion,
  ServerRecord,
  UsageDay,
  UsageKey,
  UsageSum,
} from "@interlock/audit";
import type { Bot, UsageDay as Day, Instance, ServerRecord as Server, Usage } from "@interlock/bot/protocol";
import { parseManifest, type ServedService } from "@interlock/policy";
import { type Grants, parseGrants } from "@interlock/policy/grants";
import { allPages } from "../all-pages.js";
import { nameOf, trustDomainOf } from "../name-of.js";
import type { FleetSource } from "./fleet-source.js";

/** Reads all that the authority knows of its fleet, every page of it. */
export async function readFleet({ admin, bot }: FleetSource): Promise<Fleet> {
  const [bots, instances, manifests, servers, usage, days, versions, retired, current] = await Promise.all([
    allPages(admin.listBots, (answer) => answer.bots),
    allPages(admin.listInstances, (answer) => answer.instances),
    allPages(admin.listManifests, (answer) => answer.manifests),
    allPages(admin.listServerRecords, (answer) => answer.servers),
    allPages(admin.listUsage, (answer) => answer.usage),
    allPages(admin.listUsageDays, (answer) => answer.days),
    allPages(admin.listGrantVersions, (answer) => answer.versions),
    allPages(admin.listRetiredMethods, (answer) => answer.methods),
    admin.getGrants({}),
  ]);
  const grantVersions: GrantVersion[] = [];
  for (const { version, appliedAt, appliedBy } of versions) {
    const { yaml } = version === current.version ? current : await admin.getGrants({ version });
    grantVersions.push({
      version: Number(version),
      appliedAt: timeOf(appliedAt),
      appliedBy,
      grants: grantsIn(yaml),
    });
  }
  grantVersions.sort((a, b) => a.version - b.version);
  return {
    trustDomain: bot.spiffeId.trustDomain,
    bots: allBots(bots, [...instances, ...servers]),
    processes: instances.map(toProcess),
    manifests: new Map(manifests.map(({ hash, json }) => [hash, servicesIn(json)])),
    servers: servers.map(toServer),
    usage: usage.map(toUsage),
    days: days.map(toDay),
    retiredMethods: retired.map(({ method }) => method),
    grants: grantsIn(current.yaml),
    grantsVersion: Number(current.version),
    grantVersions,
  };
}

/** Those that have joined, and those that have only reported: their certificates come from elsewhere. */
function allBots(bots: readonly Bot[], reported: readonly Pick<Instance, "spiffeId">[]): FleetBot[] {
  const known = new Map<string, FleetBot>();
  for (const { spiffeId } of reported) known.set(spiffeId, { name: nameOf(spiffeId) });
  for (const bot of bots) {
    known.set(bot.spiffeId, {
      name: nameOf(bot.spiffeId),
      joinedAt: bot.joinedAt?.getTime(),
      certificateIssuedAt: bot.certificateIssuedAt?.getTime(),
      certificateExpiresAt: bot.certificateExpiresAt?.getTime(),
      retiredAt: bot.retiredAt?.getTime(),
      revokedAt: bot.revocation?.revokedAt?.getTime(),
    });
  }
  return [...known.values()].sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
}

function toProcess(instance: Instance): FleetProcess {
  const { spiffeId, startedAt, lastSeenAt, stoppedAt, ...same } = instance;
  return {
    bot: nameOf(spiffeId),
    instance: same.instance,
    version: same.version,
    manifestHash: same.manifestHash,
    services: same.services,
    addresses: same.addresses,
    startedAt: timeOf(startedAt),
    lastSeenAt: timeOf(lastSeenAt),
    stoppedAt: stoppedAt?.getTime(),
    online: same.online,
  };
}

function toServer({ spiffeId, service, firstAt, lastAt, uncountedAt }: Server): ServerRecord {
  return {
    bot: nameOf(spiffeId),
    service,
    firstAt: timeOf(firstAt),
    lastAt: timeOf(lastAt),
    uncountedAt: uncountedAt?.getTime(),
  };
}

function toUsage({ firstAt, lastAt, ...row }: Usage): UsageSum {
  return { ...keyOf(row), count: Number(row.count), firstAt: timeOf(firstAt ?? lastAt), lastAt: timeOf(lastAt) };
}

function toDay({ day, ...row }: Day): UsageDay {
  return { ...keyOf(row), day, count: Number(row.count) };
}

function keyOf({ spiffeId, method, caller, actors, denial }: Omit<Day, "day" | "count">): UsageKey {
  return {
    bot: nameOf(spiffeId),
    method,
    caller: nameOf(caller, trustDomainOf(spiffeId)),
    actors: actors.map((actor) => nameOf(actor)),
    denial,
  };
}

/** Empty before the first grants are applied. */
function grantsIn(yaml: string): Grants {
  return yaml.trim() === "" ? [] : parseGrants(yaml);
}

/** The services of a manifest that a bot has reported; none of one that a later release has written. */
export function servicesIn(json: string): readonly ServedService[] {
  try {
    return parseManifest(json).services;
  } catch {
    return []; // Of a later release.
  }
}

function timeOf(date: Date | undefined): number {
  return date?.getTime() ?? 0;
}
