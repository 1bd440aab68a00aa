// A process with one or many bots, whose memory is weighed. It loads the library when it is told over which transport.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Bot } from "@interlock/bot";
import { answerParent } from "@interlock/testing-processes";
import { inParallel } from "../in-parallel.js";
import type { Transport, Weight } from "./figures.js";

/** What a bot needs to join the fleet. */
export interface Membership {
  readonly authority: string;
  readonly joinToken: string;
  /** A folder in which every bot has its own. */
  readonly stateDir: string;
}

export type MemoryAsk =
  | ({ readonly do: "join"; readonly transport: Transport; readonly names: readonly string[] } & Membership)
  /** Has every bot serve that does not serve yet. The answer has the address of the latest. */
  | { readonly do: "serve" }
  /** Has every bot call `address`, over a connection of its own, that has not called yet. */
  | { readonly do: "call"; readonly address: string }
  | { readonly do: "weigh" };

/** The answer to a request, which decides which fields are present. */
export interface MemoryAnswer {
  readonly address?: string;
  readonly weight?: Weight;
}

const bots: Bot[] = [];
let serving = 0;
let calling = 0;

answerParent(async (ask: MemoryAsk): Promise<MemoryAnswer> => {
  switch (ask.do) {
    case "join":
      process.env.INTERLOCK_TRANSPORT = ask.transport; // The library reads it once, after this.
      await enterAll(ask.names, ask);
      return {};
    case "serve":
      return serveAll();
    case "call":
      await callAll(ask.address);
      return {};
    case "weigh":
      return { weight: await weigh() };
  }
});

async function enterAll(names: readonly string[], { authority, joinToken, stateDir }: Membership): Promise<void> {
  const { joinFleet, silentLog } = await import("@interlock/bot");
  await inParallel(4, names, async (name) => {
    bots.push(await joinFleet({ authority, name, joinToken, stateDir: join(stateDir, name), log: silentLog }));
  });
}

async function serveAll(): Promise<MemoryAnswer> {
  const { EchoService } = await import("../gen/interlock/bench/v1/bench_interlock.js");
  let address = "";
  for (; serving < bots.length; serving++) {
    const server = await bots[serving]?.serve({ port: 0 }, (routes) =>
      routes.add(EchoService, {
        async echo({ payload }) {
          return { received: payload.length };
        },
        async *repeat({ count, payload }) {
          for (let index = 0; index < count; index++) yield { index, payload };
        },
      }),
    );
    address = server?.address ?? "";
  }
  return { address };
}

async function callAll(address: string): Promise<void> {
  const { EchoService } = await import("../gen/interlock/bench/v1/bench_interlock.js");
  const payload = Buffer.alloc(100, "x");
  await inParallel(4, bots.slice(calling), async (bot) => {
    await bot.client(EchoService, address).echo({ payload });
  });
  calling = bots.length;
}

/** The memory of this process when what is done has settled and the garbage is collected: resident memory falls no more. */
async function weigh(): Promise<Weight> {
  let least = Infinity;
  for (let calm = 0, turn = 0; calm < 3 && turn < 20; turn++) {
    await sleep(200);
    globalThis.gc?.();
    const rss = process.memoryUsage.rss();
    calm = rss < least * 0.995 ? 0 : calm + 1;
    least = Math.min(least, rss);
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, rss };
}
