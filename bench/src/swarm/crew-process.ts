// Many workers in one process, each with its own identity and connections. Their tasks cost nothing.
import { join } from "node:path";
import { type Bot, InterlockError, joinFleet, silentLog } from "@interlock/bot";
import { runWorker } from "@interlock/swarm";
import { answerParent } from "@interlock/testing-processes";
import { inParallel } from "../in-parallel.js";

export type CrewAsk =
  | {
      readonly do: "join";
      readonly authority: string;
      readonly stateDir: string;
      /** The join token of each, by name. */
      readonly joinTokens: Readonly<Record<string, string>>;
    }
  /** Starts workers until `count` of them work; the leader sends each `prefetch` tasks in advance. Default: 0. */
  | {
      readonly do: "work";
      readonly leaders: readonly string[];
      readonly count: number;
      readonly prefetch?: number | undefined;
    };

const bots: Bot[] = [];
let working = 0;

answerParent(async (ask: CrewAsk): Promise<object> => {
  if (ask.do === "join") {
    await inParallel(4, Object.entries(ask.joinTokens), async ([name, joinToken]) => {
      const stateDir = join(ask.stateDir, name);
      bots.push(await joinFleet({ authority: ask.authority, joinToken, name, stateDir, log: silentLog }));
    });
    return {};
  }
  for (; working < ask.count; working++) {
    const bot = bots[working];
    if (!bot) throw new Error(`only ${working} have joined`);
    const options = { leaders: ask.leaders, capabilities: ["nothing"], prefetch: ask.prefetch ?? 0 };
    void runWorker(bot, options, async () => undefined).catch((error) => {
      console.error(`${bot.name}: ${InterlockError.from(error).message}`);
      process.exit(1);
    });
  }
  return {};
});
