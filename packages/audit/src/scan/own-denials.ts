import { isLoopback, readAddress } from "@interlock/bot/internal";
import { parseSpiffeId } from "@interlock/policy";
import type { Fleet, UsageSum } from "../inputs/fleet.js";
import type { Scan } from "../inputs/scan.js";
import { maximumMethods, ownServices, probePath } from "./ask-grpc.js";

/** Denials on record with the part of them that a scan has caused. */
export interface OwnDenials {
  readonly row: UsageSum;
  /** How many of them can be the scan's own: never more than it can have caused at the bot. */
  readonly own: number;
}

/** How many calls a scan makes over one connection. */
const maximumCalls = maximumMethods + Object.keys(ownServices).length + 1;

/**
 * Marks the denials that a scan has caused at the bots that it has probed, while it ran: refused connections of nobody, calls
 * of `/interlock.scan.v1.Probe/Unknown`, and calls without a token by the identity of its second pass. They are marked and not left out, and
 * only as many as the scan can have caused, so that an attack at the same time stays in sight. Pure.
 */
export function markOwnDenials(scan: Scan, fleet: Fleet): OwnDenials[] {
  const connections = new Map<string, number>();
  const calls = new Map<string, number>();
  for (const port of scan.ports) {
    const bot = botAt(port.address, fleet);
    if (bot === undefined) continue;
    connections.set(bot, (connections.get(bot) ?? 0) + (port.connections ?? 0));
    calls.set(bot, (calls.get(bot) ?? 0) + maximumCalls);
  }
  const member = parseSpiffeId(scan.identity ?? "")?.name;
  const marked: OwnDenials[] = [];
  for (const row of fleet.usage) {
    const overlaps = row.firstAt <= scan.endedAt && row.lastAt >= scan.startedAt;
    if (row.denial === "" || !overlaps || !isOfScan(row, member)) continue;
    const left = row.method === "" ? connections : calls;
    const own = Math.min(left.get(row.bot) ?? 0, row.count);
    if (own === 0) continue;
    left.set(row.bot, (left.get(row.bot) ?? 0) - own);
    marked.push({ row, own });
  }
  return marked;
}

function isOfScan({ caller, method, denial }: UsageSum, member: string | undefined): boolean {
  if (caller !== "") return caller === member && denial === "TOKEN_MISSING";
  return method === "" || method === probePath.slice(1);
}

function botAt(address: string, { processes }: Fleet): string | undefined {
  return processes.find(({ addresses }) => addresses.some((each) => isSame(each, address)))?.bot;
}

/** All addresses of loopback are one. */
function isSame(a: string, b: string): boolean {
  if (a === b) return true;
  try {
    const [x, y] = [readAddress(a), readAddress(b)];
    return x.port === y.port && isLoopback(x.host) && isLoopback(y.host);
  } catch {
    return false;
  }
}
