import { join } from "node:path";
import { makeTemporaryFolder } from "@interlock/testing-processes";
import type { Load } from "./load.js";
import type { Measured } from "./measured.js";
import { collect, type NamedVariant, type Pair, startPair, type Turn, takeTurn } from "./pair.js";
import type { Sample } from "./samples.js";
import { median } from "./statistics.js";
import { turnOrder } from "./turn-order.js";
import { type VariantName, variantNames } from "./variant-name.js";
import { variants } from "./variant-table.js";

export interface CompareOptions {
  readonly rounds: number;
  /** The variants to compare. Default: all. */
  readonly only: readonly VariantName[] | undefined;
  readonly profileFolder: string | undefined;
  readonly progress: (line: string) => void;
  /** Called when a round that counts is over. */
  readonly onRound: () => void;
}

// Some 15,000 calls of a variant. After fewer, V8 still compiles code, and recompiles code for new types.
const warmUpRounds = 10;
// Warm-up rounds after the collection below, which discards compiled code, too.
const roundsAfterCollection = 8;

// The layout of a heap, and the order in which code is compiled, vary by chance and stay with a process.
const launches = 3;

/** Runs all variants side by side, each in two processes of its own, with turns within every round. Fills `measured`. */
export async function compare(options: CompareOptions, measured: Measured): Promise<void> {
  const available = await findAvailable(options, measured);
  for (let launch = 0; launch < launches; launch++) {
    const rounds = Math.floor((options.rounds + launch) / launches); // All launches together have `options.rounds`.
    const progress = (line: string) => options.progress(`${launch + 1} of ${launches}: ${line}`);
    if (rounds > 0) await compareOnce(available, { ...options, rounds, progress }, measured);
  }
}

/** Those that this machine can run. A line tells of each other one. */
async function findAvailable(
  { only = variantNames, progress }: CompareOptions,
  { skipped }: Measured,
): Promise<readonly NamedVariant[]> {
  const available: NamedVariant[] = [];
  for (const name of only) {
    const variant = await variants[name]();
    const why = "missing" in variant ? await variant.missing() : undefined;
    if (why === undefined) {
      available.push({ name, variant });
      continue;
    }
    progress(`skipped: ${name} (${why})`);
    skipped.push({ name, why });
  }
  return available;
}

/** The same with one set of processes. */
async function compareOnce(
  available: readonly NamedVariant[],
  options: CompareOptions,
  measured: Measured,
): Promise<void> {
  const folder = makeTemporaryFolder("bench");
  const cleanUp: (() => Promise<void>)[] = [];
  try {
    const pairs: Pair[] = [];
    for (const each of available) {
      options.progress(`starting ${each.name}`);
      pairs.push(await startPair(each, join(folder.path, each.name), options.profileFolder, cleanUp));
    }
    await runRounds(pairs, options, measured);
  } finally {
    for (const end of cleanUp.reverse()) await end();
    folder.remove();
  }
}

async function runRounds(pairs: readonly Pair[], options: CompareOptions, { loads }: Measured): Promise<void> {
  const { rounds, progress, onRound } = options;
  for (let round = -warmUpRounds; round < rounds; round++) {
    if (round === -roundsAfterCollection) for (const pair of pairs) await collect(pair);
    for (const { load, warmUp, samples } of loads) {
      const found = await runRound(pairs, round < 0 ? warmUp : load);
      if (round >= 0) for (const [{ name }, sample] of found) samples[name].push(sample);
    }
    if (round >= 0) onRound();
    progress(round < 0 ? `warm-up ${round + warmUpRounds + 1} of ${warmUpRounds}` : `round ${round + 1} of ${rounds}`);
  }
}

/** Puts every variant under the load, split into as many turns as there are variants. */
async function runRound(pairs: readonly Pair[], whole: Load): Promise<ReadonlyMap<Pair, Sample>> {
  const load = { ...whole, calls: Math.ceil(whole.calls / pairs.length) };
  const turns = new Map<Pair, Turn[]>(pairs.map((pair) => [pair, []]));
  for (const pair of turnOrder(pairs).flat()) turns.get(pair)?.push(await takeTurn(pair, load));
  return new Map(pairs.map((pair) => [pair, createSample(turns.get(pair) ?? [], load)]));
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
