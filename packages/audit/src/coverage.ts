import { groupBy } from "./group-by.js";
import type { Fleet, FleetBot, FleetProcess, ServerRecord } from "./inputs/fleet.js";
import type { Period } from "./period.js";
import { timeText } from "./text.js";

/** Whether calls to a service can have been missed. */
export interface Coverage {
  /** Why calls can have been missed, one clause for a server, at most 8; empty when none can. */
  readonly gaps: readonly string[];
  /** When the service was first reported; absent for never. */
  readonly firstAt?: number | undefined;
}

/** The maximum number of reasons for one service. */
export const maximumReasons = 8;

/** How long a server may be silent before its calls count as not reported, in milliseconds. It reports every 30 s. */
const silenceMs = 120_000;

/**
 * Finds whether every call of a service in a period is on record: only then "unused" can be said. That is so when a server was
 * there at the begin, and every server has counted and reported since the begin, or since it joined, until now, or until it
 * ended. A server that reports no more may still serve until its certificate ends, or it is retired or revoked.
 *
 * @returns A function from the full name of a service to what can have been missed.
 */
export function createCoverage(fleet: Fleet, period: Period): (service: string) => Coverage {
  const records = groupBy(fleet.servers, ({ service }) => service);
  const processes = groupBy(fleet.processes, ({ bot }) => bot);
  const bots = new Map(fleet.bots.map((bot) => [bot.name, bot]));
  const known = new Map<string, Coverage>();

  function cover(service: string): Coverage {
    const servers = records.get(service) ?? [];
    if (servers.length === 0)
      return { gaps: [`${service} has no server that has ever reported, so calls to it are not known`] };
    const firstAt = Math.min(...servers.map((server) => server.firstAt));
    const gaps = servers.flatMap((record) => {
      const bot = bots.get(record.bot);
      const gap =
        uncounted(record, period) ??
        late(record, bot, period, firstAt) ??
        silent(record, bot, processes.get(record.bot) ?? [], period);
      return gap ?? [];
    });
    return { gaps: gaps.slice(0, maximumReasons), firstAt };
  }

  return (service) => {
    const coverage = known.get(service) ?? cover(service);
    known.set(service, coverage);
    return coverage;
  };
}

function uncounted({ bot, uncountedAt }: ServerRecord, { from = 0 }: Period): string | undefined {
  if (uncountedAt === undefined || uncountedAt < from) return undefined;
  return `${bot} has served it without counting every call, last at ${timeText(uncountedAt)}`;
}

/** Says that a server began to report within the period, unless it joined within it, beside a server that was there before. */
function late(
  { bot: name, firstAt }: ServerRecord,
  bot: FleetBot | undefined,
  { from }: Period,
  first: number,
): string | undefined {
  if (from === undefined || firstAt <= from) return undefined;
  // A bot that had not joined yet had no certificate to serve with.
  if (first <= from && bot?.joinedAt !== undefined && bot.joinedAt >= from) return undefined;
  return `${name} has reported its calls only since ${timeText(firstAt)}`;
}

/** Says that a server has stopped to report within the period, and may have served on. */
function silent(
  { bot: name, service, lastAt }: ServerRecord,
  bot: FleetBot | undefined,
  processes: readonly FleetProcess[],
  { from = 0, to }: Period,
): string | undefined {
  if (to - lastAt <= silenceMs) return undefined;
  const latest = processes.filter(({ lastSeenAt }) => lastSeenAt >= lastAt - silenceMs);
  // It ended in good order, or its processes go on and do not serve this any more.
  if (latest.length > 0 && latest.every((each) => each.stoppedAt !== undefined || !each.services.includes(service)))
    return undefined;
  const { retiredAt, revokedAt, certificateExpiresAt } = bot ?? {};
  const end = Math.min(to, ...[retiredAt, revokedAt, certificateExpiresAt].filter((at) => at !== undefined));
  if (end - Math.max(lastAt, from) <= silenceMs) return undefined;
  return `${name} has not been seen since ${timeText(lastAt)}, and may ${end < to ? "have served it until its access ended" : "still serve it"}`;
}
