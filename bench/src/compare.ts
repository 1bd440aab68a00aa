import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Child, startChild } from "./child-process.js";
import type { Load, LoadTimes } from "./load.js";
import { median } from "./statistics.js";
import { turnOrder } from "./turn-order.js";
import { type VariantName, variantNames, variants } from "./variant.js";

/** What was measured of one variant in one round. */
export interface Sample {
  /** CPU microseconds per message. */
  readonly server: number;
  readonly client: number;
  /** Messages a second. */
  readonly throughput: number;
  /** Of a whole call, in microseconds. */
  readonly p50: number;
  readonly p99: number;
}

export interface CompareOptions {
  /** What each variant does in one round, in as many turns as there are variants. */
  readonly load: Load;
  readonly rounds: number;
  /** The same for rounds at the start that do not count. */
  readonly warmUp: Load;
  readonly profileFolder?: string;
  readonly progress: (line: string) => void;
}

// After fewer, the code is still being compiled, and compiled anew for what it meets: some 15,000 calls of a variant.
const warmUpRounds = 10;
// How many of them are left after the collection below, which throws compiled code away, too.
const roundsAfterCollection = 8;

/** Every variant's samples, round by round. */
export type Samples = Record<VariantName, Sample[]>;

interface Pair {
  readonly name: VariantName;
  readonly server: Child;
  readonly client: Child;
}

// How a process lays out its heap, and what of its code it compiles in which order, is luck, and stays with it.
const launches = 3;

/** Runs all variants side by side, each in two processes of its own, taking turns within every round. */
export async function compare(options: CompareOptions): Promise<Samples> {
  const samples = Object.fromEntries(variantNames.map((name) => [name, []])) as unknown as Samples;
  for (let launch = 0; launch < launches; launch++) {
    const rounds = Math.floor((options.rounds + launch) / launches); // Over all launches, as many as were asked for.
    const progress = (line: string) => options.progress(`${launch + 1} of ${launches}: ${line}`);
    if (rounds > 0) await compareOnce({ ...options, rounds, progress }, samples);
  }
  return samples;
}

/** The same with one set of processes. */
async function compareOnce(options: CompareOptions, samples: Samples): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "interlock-bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const cleanUp: (() => Promise<void>)[] = [];
  try {
    const pairs: Pair[] = [];
    for (const name of variantNames) pairs.push(await startPair(name, join(folder, name), options, cleanUp));
    await runRounds(pairs, options, samples);
  } finally {
    for (const end of cleanUp.reverse()) await end();
  }
}

async function startPair(
  name: VariantName,
  folder: string,
  { profileFolder, progress }: CompareOptions,
  cleanUp: (() => Promise<void>)[],
): Promise<Pair> {
  progress(`starting ${name}`);
  const { settings, close } = await (await variants[name]()).prepare(folder);
  cleanUp.push(close);
  const [server, client] = [start("server"), start("client")];
  const { address } = await server.ask({ do: "serve", variant: name, settings });
  await client.ask({ do: "connect", variant: name, settings, address });
  return { name, server, client };

  function start(side: string): Child {
    const child = startChild(`${name}.${side}`, profileFolder);
    cleanUp.push(child.stop);
    return child;
  }
}

async function runRounds(pairs: readonly Pair[], options: CompareOptions, samples: Samples): Promise<void> {
  const { rounds, progress } = options;
  for (let round = -warmUpRounds; round < rounds; round++) {
    if (round === -roundsAfterCollection)
      for (const { server, client } of pairs) await Promise.all([server, client].map(collect));
    const whole = round < 0 ? options.warmUp : options.load;
    const load = { ...whole, calls: Math.ceil(whole.calls / pairs.length) };
    const turns = new Map<Pair, Turn[]>(pairs.map((pair) => [pair, []]));
    for (const pair of turnOrder(pairs).flat()) turns.get(pair)?.push(await takeTurn(pair, load));
    if (round >= 0) for (const pair of pairs) samples[pair.name].push(createSample(turns.get(pair) ?? [], load));
    progress(round < 0 ? `warm-up ${round + warmUpRounds + 1} of ${warmUpRounds}` : `round ${round + 1} of ${rounds}`);
  }
}

/**
 * While nothing is under way. From a full collection on, what HTTP/2 and grpc-js keep in a `Map` or `Set` is promoted, and
 * its successors with it, chain and all (see `roster.ts`); that some processes have had one and others not would be a
 * fifth of the server's figures, and luck.
 */
async function collect(child: Child): Promise<void> {
  await child.ask({ do: "collect" });
}

interface Turn {
  readonly server: number;
  readonly client: number;
  readonly times: LoadTimes;
}

/** A part of a round, so short that whatever else the machine does falls on all variants alike. */
async function takeTurn({ server, client }: Pair, load: Load): Promise<Turn> {
  await server.ask({ do: "begin" });
  const { cpu, times } = await client.ask({ do: "run", load });
  return { server: (await server.ask({ do: "end" })).cpu, client: cpu, times };
}

function createSample(turns: readonly Turn[], load: Load): Sample {
  const messages = turns.length * load.calls * load.messages;
  const sum = (of: (turn: Turn) => number) => turns.reduce((total, turn) => total + of(turn), 0);
  return {
    server: sum((turn) => turn.server) / messages,
    client: sum((turn) => turn.client) / messages,
    throughput: messages / sum(({ times }) => times.seconds),
    p50: median(turns.map(({ times }) => times.p50)),
    p99: median(turns.map(({ times }) => times.p99)),
  };
}
