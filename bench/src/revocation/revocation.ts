import { findPostgres, startPostgres } from "@interlock/testing-postgres";
import type { Benchmark } from "../benchmark.js";
import { printTable } from "../print-table.js";
import { measureRevocation, type Trial, type TrialResult } from "./measure.js";

/** How long a stream lasts after its bot has been revoked. */
export const revocation: Benchmark = {
  summary: "from the answer to `revoke` to the end of a stream, with 1,000 bots connected",
  start({ bots = 1_000, profileFolder, progress }) {
    const trial: Trial = { bots, revocations: Math.min(40, Math.ceil(bots / 2)), profileFolder, progress };
    const results: Row[] = [];
    const postgres = findPostgres();
    return {
      parts: (typeof postgres === "string" ? [sqlite] : [sqlite, replicas]).flatMap(partsOf),
      async measure(done) {
        progress("one authority, on SQLite");
        await measureRow(sqlite, trial, results, done);
        if (typeof postgres === "string") progress(`skipped: two authorities on PostgreSQL (${postgres})`);
        else await measureReplicas(trial, results, done);
      },
      result: () => ({
        json: { benchmark: "revocation", node: process.version, bots, results },
        text: print(bots, results),
      }),
    };
  },
};

/** The authorities of a trial. */
interface Setup {
  readonly store: string;
  readonly authorities: number;
}

const sqlite: Setup = { store: "sqlite", authorities: 1 };
const replicas: Setup = { store: "postgres", authorities: 2 };

type Row = Setup & TrialResult;

const ways = { single: "one by one", pattern: "by a pattern" } as const;

function partsOf(setup: Setup): string[] {
  return [partOf(setup, "single"), partOf(setup, "pattern")];
}

function partOf({ store, authorities }: Setup, way: keyof typeof ways): string {
  return `${store}, ${authorities} ${authorities === 1 ? "authority" : "authorities"}, ${ways[way]}`;
}

/** The row gets its delays one part after the other. */
async function measureRow(setup: Setup, trial: Trial, rows: Row[], done: (part: string) => void): Promise<void> {
  const index = rows.push(setup) - 1;
  await measureRevocation(trial, (part) => {
    rows[index] = { ...setup, ...rows[index], ...part };
    done(partOf(setup, part.single ? "single" : "pattern"));
  });
}

/** Bots are revoked at one authority and attached to the other. */
async function measureReplicas(trial: Trial, rows: Row[], done: (part: string) => void): Promise<void> {
  trial.progress("two authorities, on one PostgreSQL: revoked at one, attached to the other");
  const postgres = await startPostgres();
  try {
    await measureRow(replicas, { ...trial, store: await postgres.createDatabase() }, rows, done);
  } finally {
    await postgres.stop();
  }
}

function print(bots: number, results: readonly Row[]): string {
  const rows = results.flatMap((row) =>
    (["single", "pattern"] as const).flatMap((way) => {
      const delays = row[way];
      if (!delays) return [];
      const codes = Object.entries(delays.codes).map(([code, count]) => `${code} ${count}`);
      const times = [delays.p50_ms, delays.p99_ms, delays.max_ms].map((ms) => ms.toFixed(1));
      return [[partOf(row, way), String(delays.streams), ...times, codes.join(", ")]];
    }),
  );
  const title = `revocation: ${bots} bots, each with an open stream; from the call's return to the stream's end\n`;
  return `${title}\n${printTable([["", "streams", "p50 ms", "p99 ms", "max ms", "ended with"], ...rows])}`;
}
