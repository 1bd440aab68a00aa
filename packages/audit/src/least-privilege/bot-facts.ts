import { matchesIdentity } from "@interlock/policy";
import type { Fleet, FleetBot } from "../inputs/fleet.js";

/** What is known of a bot. */
export interface BotFacts extends Partial<Omit<FleetBot, "name">> {
  readonly name: string;
  /** When it joined, or else was first seen. */
  readonly since: number;
  /** When it was last heard of: by a report, a call, or the renewal of its certificate. */
  readonly lastSeenAt: number;
}

/** The bots of a fleet. */
export interface BotIndex {
  readonly all: readonly BotFacts[];
  of(name: string): BotFacts | undefined;
  /** The bots that an identity pattern matches, in the order of their names. */
  matching(pattern: string): readonly BotFacts[];
}

/** Collects the bots from what is on record: those that joined, those that reported, and those that only called. */
export function collectBots({ bots, processes, servers, usage }: Fleet): BotIndex {
  const seen = new Map<string, { first: number; last: number }>();
  const saw = (name: string, first: number, last: number) => {
    const known = seen.get(name);
    if (!known) seen.set(name, { first, last });
    else {
      known.first = Math.min(known.first, first);
      known.last = Math.max(known.last, last);
    }
  };
  for (const { bot, startedAt, lastSeenAt } of processes) saw(bot, startedAt, lastSeenAt);
  for (const { bot, firstAt, lastAt } of servers) saw(bot, firstAt, lastAt);
  for (const { caller, actors, denial, firstAt, lastAt } of usage) {
    // An identity that was refused is no sign of the bot itself.
    if (denial === "" && caller !== "") for (const name of [...actors, caller].slice(0, 4)) saw(name, firstAt, lastAt);
  }
  const joined = new Map(bots.map((bot) => [bot.name, bot]));
  const names = [...new Set([...joined.keys(), ...seen.keys()])].sort();
  const all = names.map((name): BotFacts => {
    const bot = joined.get(name);
    const { first, last } = seen.get(name) ?? { first: 0, last: 0 };
    return {
      ...bot,
      name,
      since: bot?.joinedAt ?? first,
      lastSeenAt: Math.max(last, bot?.certificateIssuedAt ?? 0, bot?.joinedAt ?? 0),
    };
  });
  const index = new Map(all.map((facts) => [facts.name, facts]));
  const matched = new Map<string, readonly BotFacts[]>();
  return {
    all,
    of: (name) => index.get(name),
    matching(pattern) {
      const own = index.get(pattern);
      if (!pattern.includes("*")) return own ? [own] : [];
      const found = matched.get(pattern) ?? all.filter(({ name }) => matchesIdentity(pattern, name));
      matched.set(pattern, found);
      return found;
    },
  };
}
