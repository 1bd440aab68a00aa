import { join } from "node:path";
import { joinFleet, silentLog } from "@interlock/bot";
import { AdminService } from "@interlock/bot/protocol";
import { type Forked, forkProcess, makeTemporaryFolder } from "@interlock/testing-processes";
import type { AuthorityAnswer, AuthorityAsk } from "../authority-process.js";
import { EchoService } from "../gen/interlock/bench/v1/bench_interlock.js";
import { type Sample, type Transport, transports, type Weight } from "./figures.js";
import type { Membership, MemoryAnswer, MemoryAsk } from "./memory-process.js";

export interface MemoryTrial {
  readonly bots: number;
  readonly rounds: number;
  readonly progress: (line: string) => void;
}

type MemoryProcess = Forked<MemoryAsk, MemoryAnswer>;

// Bots that do everything before anything is weighed, so that all code is loaded and compiled.
const warmUpBots = 50;

const grants = `grants:
  "bot/*":
    ${EchoService.name}: [echo:call]
`;

/** Weighs both transports in each round, in fresh processes, and calls `found` with what one transport has shown. */
export async function measureMemory(
  { bots, rounds, progress }: MemoryTrial,
  found: (transport: Transport, sample: Sample, round: number) => void,
): Promise<void> {
  const folder = makeTemporaryFolder("bench");
  const authority: Forked<AuthorityAsk, AuthorityAnswer> = forkProcess(
    new URL("../authority-process.js", import.meta.url),
    "authority",
  );
  try {
    const options = { dataDir: join(folder.path, "authority"), trustDomain: "bench", port: 0 };
    const { address = "" } = await authority.ask({ do: "start", options });
    await authority.ask({ do: "apply", grants });
    const uses = rounds * transports.length * (bots + warmUpBots + 1);
    const joinToken = await invite(authority, address, uses, folder.path);
    for (let round = 1; round <= rounds; round++) {
      // Each is first in every other round.
      for (const transport of round % 2 === 1 ? transports : transports.toReversed()) {
        progress(`round ${round} of ${rounds}: ${transport}`);
        const stateDir = join(folder.path, `${transport}-${round}`);
        found(transport, await weighTransport(transport, bots, { authority: address, joinToken, stateDir }), round);
      }
    }
  } finally {
    await authority.stop();
    folder.remove();
  }
}

/** Creates one join token for all bots. */
async function invite(
  authority: Forked<AuthorityAsk, AuthorityAnswer>,
  address: string,
  uses: number,
  folder: string,
): Promise<string> {
  const name = "operator/bench";
  const { joinToken } = await authority.ask({ do: "invite", name });
  const stateDir = join(folder, "operator");
  const operator = await joinFleet({ authority: address, name, joinToken, stateDir, log: silentLog });
  try {
    const admin = operator.client(AdminService, address);
    return (await admin.createJoinToken({ name: "bot/*", uses, ttlSeconds: 3_600 })).joinToken;
  } finally {
    await operator.close(0);
  }
}

/** One server in a process of its own, and many bots in another: they join, then call the server, then serve. */
async function weighTransport(transport: Transport, count: number, membership: Membership): Promise<Sample> {
  const server = startProcess("server");
  const crowd = startProcess("bots");
  // Names are those of one round: another round's bots keep theirs.
  const prefix = `bot/${membership.stateDir.split("-").at(-1)}-${transport}`;
  const join = (child: MemoryProcess, names: readonly string[]) =>
    child.ask({ do: "join", transport, names, ...membership });
  const names = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `${prefix}-${from + i}`);
  try {
    await join(server, [`${prefix}-server`]);
    const { address = "" } = await server.ask({ do: "serve" });
    const call = () => crowd.ask({ do: "call", address });
    await join(crowd, names(0, warmUpBots));
    await call();
    await crowd.ask({ do: "serve" });

    const [serverBefore, before] = [await weigh(server), await weigh(crowd)];
    await join(crowd, names(warmUpBots, warmUpBots + count));
    const joined = await weigh(crowd);
    await call();
    const [serverAfter, called] = [await weigh(server), await weigh(crowd)];
    await crowd.ask({ do: "serve" });
    const served = await weigh(crowd);
    return {
      connection: growth(serverBefore, serverAfter, count),
      call_connection: growth(joined, called, count),
      idle_bot: growth(before, joined, count),
      idle_server: growth(called, served, count),
    };
  } finally {
    await Promise.all([server.stop(), crowd.stop()]);
  }
}

function startProcess(name: string): MemoryProcess {
  return forkProcess(new URL("./memory-process.js", import.meta.url), name);
}

async function weigh(child: MemoryProcess): Promise<Weight> {
  const { weight } = await child.ask({ do: "weigh" });
  if (!weight) throw new Error("a process has not answered with its weight");
  return weight;
}

function growth(from: Weight, to: Weight, count: number): Weight {
  return { heap: (to.heap - from.heap) / count, rss: (to.rss - from.rss) / count };
}
