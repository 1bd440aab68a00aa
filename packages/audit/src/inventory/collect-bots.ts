import { groupBy } from "../group-by.js";
import type { Fleet, FleetBot, FleetProcess } from "../inputs/fleet.js";
import { compareText } from "../text.js";
import type { InventoryBot } from "./inventory.js";

/** The maximum number of processes of one bot that are kept besides those that are online. */
const maximumProcesses = 16;

/** Lists every bot that has joined, reported or called, by name. */
export function collectBots(fleet: Fleet | undefined): InventoryBot[] {
  if (!fleet) return [];
  const processes = groupBy(fleet.processes, ({ bot }) => bot);
  const callsAt = new Map<string, number>();
  for (const { caller, actors, denial, lastAt } of fleet.usage) {
    if (denial !== "") continue;
    // The bots of other trust domains have whole SPIFFE IDs here, and are theirs to list.
    for (const name of [caller, ...actors])
      if (name !== "" && !name.includes("://")) callsAt.set(name, Math.max(callsAt.get(name) ?? 0, lastAt));
  }
  const records = new Map<string, FleetBot>([...callsAt.keys()].map((name) => [name, { name }]));
  for (const bot of fleet.bots) records.set(bot.name, bot);
  return [...records.values()]
    .map((bot) => toBot(bot, processes.get(bot.name) ?? [], callsAt.get(bot.name)))
    .sort((a, b) => compareText(a.name, b.name));
}

function toBot(bot: FleetBot, given: readonly FleetProcess[], calledAt: number | undefined): InventoryBot {
  const processes = [...given].sort((a, b) => b.lastSeenAt - a.lastSeenAt);
  const online = processes.filter((process) => process.online);
  const current = online.length > 0 ? online : processes.slice(0, 1);
  const seen = [...(calledAt === undefined ? [] : [calledAt]), ...processes.slice(0, 1).map((one) => one.lastSeenAt)];
  return {
    name: bot.name,
    known: knownBy(bot, processes.length > 0),
    online: online.length > 0,
    joinedAt: bot.joinedAt,
    certificateExpiresAt: bot.certificateExpiresAt,
    retiredAt: bot.retiredAt,
    revokedAt: bot.revokedAt,
    lastSeenAt: seen.length > 0 ? Math.max(...seen) : undefined,
    versions: distinct(current.map(({ version }) => version).filter((version) => version !== "")),
    services: distinct(current.flatMap(({ services }) => services)),
    processes: processes
      .filter((process, i) => process.online || i < maximumProcesses)
      .map(({ bot: _, manifestHash: __, services: ___, ...process }) => process),
  };
}

/** The authority reports itself, and joins nobody. */
function knownBy({ name, joinedAt }: FleetBot, hasReported: boolean): InventoryBot["known"] {
  if (name === "interlock/authority") return "authority";
  if (joinedAt !== undefined) return "joined";
  return hasReported ? "reported" : "called";
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}
