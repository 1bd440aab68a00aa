import type { AuditInputs } from "../inputs/inputs.js";
import { isFundamental, type KnownMethod, pastSunset } from "./known-methods.js";
import { serviceOf } from "./subject.js";

/** A bot that calls what is to be retired. */
export interface LiveCaller {
  readonly caller: string;
  /** The bots that acted for it. */
  readonly actors: readonly string[];
  /** `package.Service/Method`. */
  readonly method: string;
  /** The bot that it called. */
  readonly server: string;
  /** When it called last, in milliseconds since the epoch. */
  readonly lastAt: number;
  /** Whether its last call is older than the window, and is a stream that may still be open. */
  readonly mayBeOpen: boolean;
}

/** Who calls, and why that may not be all. */
export interface LiveCallers {
  readonly callers: readonly LiveCaller[];
  /** Reasons for which calls may be missing, each in a sentence. */
  readonly doubts: readonly string[];
}

/** What calls are looked for. */
export interface CallsOf {
  /** The methods that are known. */
  readonly methods: readonly KnownMethod[];
  /** The full names of their services. */
  readonly services: readonly string[];
  /** Whether methods count that are not known: every one of the services, or of the bot that serves them. */
  readonly every: boolean;
  /** The bot that serves them. Default: any. */
  readonly server?: string | undefined;
  /** How far back a call counts, in milliseconds. */
  readonly windowMs: number;
}

/**
 * Finds the bots that call methods: with an admitted call within the window, or with a stream that may still be open because
 * its server's process has run since. Calls from before the sunset of a method do not count, nor do those of bots that are
 * retired or revoked: they are refused already.
 */
export function liveCallers(
  { now, fleet }: AuditInputs,
  { methods, services, every, server, windowMs }: CallsOf,
): LiveCallers {
  if (!fleet) return { callers: [], doubts: ["What the authority knows was not read."] };
  const gone = new Set(
    fleet.bots.filter((bot) => bot.retiredAt !== undefined || bot.revokedAt !== undefined).map(nameOf),
  );
  const known = new Map(methods.map((method) => [method.name, method]));
  const since = now - windowMs;
  const callers = fleet.usage.flatMap((row): LiveCaller[] => {
    if (row.denial !== "" || row.caller === "" || gone.has(row.caller)) return [];
    if (server !== undefined && row.bot !== server) return [];
    const method = known.get(row.method);
    if (!method && !(every && isOfSubject(row.method))) return [];
    if (method && row.lastAt < (pastSunset(method, now) ?? 0)) return [];
    const mayBeOpen = row.lastAt < since;
    if (mayBeOpen && (method?.kind === "unary" || row.lastAt < runningSince(row.bot))) return [];
    const { caller, actors, lastAt } = row;
    return [{ caller, actors, method: row.method, server: row.bot, lastAt, mayBeOpen }];
  });

  /** Whether a method that no manifest names is one of the subject. */
  function isOfSubject(method: string): boolean {
    if (!method.includes("/") || isFundamental(method)) return false;
    return server !== undefined || services.includes(serviceOf(method));
  }

  /** When the first of a bot's present processes started. */
  function runningSince(bot: string): number {
    const online = (fleet?.processes ?? []).filter((process) => process.bot === bot && process.online);
    return Math.min(...online.map(({ startedAt }) => startedAt));
  }

  const records = fleet.servers.filter((one) => services.includes(one.service) && (server ?? one.bot) === one.bot);
  const uncounted = records
    .filter(({ uncountedAt }) => uncountedAt !== undefined && uncountedAt >= since)
    .map(({ bot, service }) => `${bot} has served ${service} without counting all calls.`);
  return { callers: callers.sort((a, b) => b.lastAt - a.lastAt), doubts: uncounted };
}

function nameOf({ name }: { readonly name: string }): string {
  return name;
}
