import { join } from "node:path";
import { makeTemporaryFolder } from "@interlock/testing-processes";
import type { Load } from "../load.js";
import { collect, type Pair, startPair, takeTurn } from "../pair.js";
import { interlock } from "../variants/interlock.js";
import type { Cost, PairedTurns } from "./figures.js";

export interface TracesTrial {
  /** The calls of a turn. */
  readonly loads: readonly Load[];
  readonly pairsOfTurns: number;
  readonly profileFolder: string | undefined;
}

/** The calls of both kinds before anything is measured: after fewer, V8 still compiles. */
const warmUpCalls = 40_000;

/** The calls of a turn that are not measured: the first one settles what thousands share. */
const firstCalls = 1_024;

/**
 * Measures one set of processes, which has no SDK and one that samples nothing, by turns. Returns the paired turns of each load.
 */
export async function measureTraces({ loads, pairsOfTurns, profileFolder }: TracesTrial): Promise<PairedTurns[][]> {
  const folder = makeTemporaryFolder("bench");
  const cleanUp: (() => Promise<void>)[] = [];
  try {
    const variant = { name: "interlock", variant: interlock } as const;
    const pair = await startPair(variant, join(folder.path, "fleet"), profileFolder, cleanUp);
    await warmUp(pair, loads);
    const all: PairedTurns[][] = [];
    for (const load of loads) {
      const turns: PairedTurns[] = [];
      // Each is first in every other two turns.
      for (let turn = 0; turn < pairsOfTurns; turn++) turns.push(await takeTurns(pair, load, turn % 2 === 0));
      all.push(turns);
    }
    return all;
  } finally {
    for (const end of cleanUp.reverse()) await end();
    folder.remove();
  }
}

/** Full collections discard compiled code, so that the second half comes after one. */
async function warmUp(pair: Pair, loads: readonly Load[]): Promise<void> {
  for (let half = 0; half < 2; half++) {
    for (const load of loads) {
      const turns = warmUpCalls / (4 * loads.length * load.calls);
      for (let turn = 0; turn < turns; turn++) await takeTurns(pair, load, turn % 2 === 0);
    }
    if (half === 0) await collect(pair);
  }
}

async function takeTurns(pair: Pair, load: Load, withFirst: boolean): Promise<PairedTurns> {
  const first = await costOf(pair, load, withFirst);
  const second = await costOf(pair, load, !withFirst);
  return withFirst ? { with: first, without: second } : { with: second, without: first };
}

async function costOf(pair: Pair, load: Load, on: boolean): Promise<Cost> {
  for (const child of [pair.server, pair.client]) await child.ask({ do: "trace", on });
  await takeTurn(pair, { ...load, calls: firstCalls });
  const { server, client } = await takeTurn(pair, load);
  return { server: server / load.calls, client: client / load.calls };
}
