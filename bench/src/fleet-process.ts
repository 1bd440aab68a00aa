// A process with many bots, each with its own identity and connections.
import { join } from "node:path";
import { type Bot, InterlockError, joinFleet, silentLog } from "@interlock/bot";
import { answerParent, tellParent } from "@interlock/testing-processes";
import { WatchService } from "./gen/interlock/bench/v1/watch_interlock.js";
import { inParallel } from "./in-parallel.js";
import { monotonicMs } from "./monotonic-ms.js";

/** What a bot needs to join the fleet. */
export interface Membership {
  readonly authority: string;
  readonly joinToken: string;
  /** A folder in which every bot has its own. */
  readonly stateDir: string;
}

export type FleetAsk =
  | ({ readonly do: "join"; readonly names: readonly string[] } & Membership)
  | ({ readonly do: "serve"; readonly name: string } & Membership)
  | { readonly do: "open"; readonly address: string }
  | { readonly do: "reach"; readonly version: bigint };

/** The answer to a request, which decides which fields are present. */
export interface FleetAnswer {
  readonly address?: string;
}

/** The end of a stream. */
export interface StreamEnd {
  readonly name: string;
  /** The gRPC code; `OK` if the server ended the stream. */
  readonly code: string;
  /** By {@link monotonicMs}. */
  readonly at: number;
}

const bots: Bot[] = [];
const revoked = new Set<Bot>();

/** The ends that have not been reported yet. */
const ended: StreamEnd[] = [];
const reportAfterMs = 5;

answerParent(async (ask: FleetAsk): Promise<FleetAnswer> => {
  switch (ask.do) {
    case "join":
      await inParallel(8, ask.names, async (name) => void bots.push(await enter(name, ask)));
      return {};
    case "serve": {
      const bot = await enter(ask.name, ask);
      const server = await bot.serve({ port: 0 }, (routes) =>
        routes.add(WatchService, {
          async *watch(_request, { signal }) {
            yield {};
            await new Promise((resolve) => signal.addEventListener("abort", resolve));
          },
        }),
      );
      return { address: server.address };
    }
    case "open":
      await inParallel(16, bots, (bot) => open(bot, ask.address));
      return {};
    case "reach":
      await Promise.all(bots.filter((bot) => !revoked.has(bot)).map((bot) => reach(bot, ask.version)));
      return {};
  }
});

function enter(name: string, { authority, joinToken, stateDir }: Membership): Promise<Bot> {
  return joinFleet({ authority, name, joinToken, stateDir: join(stateDir, name), log: silentLog });
}

/** Resolves when the stream is open. Its end is reported to the parent. */
function open(bot: Bot, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = bot.client(WatchService, address).watch({});
    const read = async () => {
      for await (const _ of stream) resolve();
      return "OK";
    };
    read()
      .catch((thrown) => {
        reject(thrown);
        return InterlockError.from(thrown).code;
      })
      .then((code) => {
        revoked.add(bot);
        report({ name: bot.name, code, at: monotonicMs() });
      });
  });
}

/** Reports an end to the parent, a moment later and with others: a message for each would cost as much as the ends themselves. */
function report(end: StreamEnd): void {
  ended.push(end);
  if (ended.length === 1) setTimeout(() => tellParent(ended.splice(0)), reportAfterMs);
}

/** Resolves when the bot has received this version of the trust. */
function reach({ trust }: Bot, version: bigint): Promise<void> {
  return new Promise((resolve) => {
    if (trust.state.version >= version) return resolve();
    const unsubscribe = trust.onChange(({ state }) => {
      if (state.version < version) return;
      unsubscribe();
      resolve();
    });
  });
}
