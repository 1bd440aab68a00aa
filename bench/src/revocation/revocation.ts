import { findPostgres, startPostgres } from "@interlock/testing-postgres";
import type { Benchmark } from "../benchmark.js";
import { printTable } from "../report.js";
import { measureRevocation, type Trial, type TrialResult } from "./measure.js";

/** How long a stream lives on after its bot has been locked out. */
export const revocation: Benchmark = {
  summary: "from the answer to `revoke` to the end of a stream, with 1,000 bots connected",
  async run({ bots = 1_000, ...options }) {
    const trial = { bots, revocations: Math.min(40, Math.ceil(bots / 2)), ...options };
    options.progress("one authority, on SQLite");
    const results: Row[] = [{ store: "sqlite", authorities: 1, ...(await measureRevocation(trial)) }];
    const found = findPostgres();
    if (typeof found === "string") options.progress(`skipped: two authorities on PostgreSQL (${found})`);
    else results.push(await measureReplicas(trial));
    return { json: { benchmark: "revocation", node: process.version, bots, results }, text: print(bots, results) };
  },
};

type Row = { readonly store: string; readonly authorities: number } & TrialResult;

/** A bot is locked out at one authority, and those that serve it are attached to the other. */
async function measureReplicas(trial: Trial): Promise<Row> {
  trial.progress("two authorities, on one PostgreSQL: locked out at one, attached to the other");
  const postgres = await startPostgres();
  try {
    const result = await measureRevocation({ ...trial, store: await postgres.createDatabase() });
    return { store: "postgres", authorities: 2, ...result };
  } finally {
    await postgres.stop();
  }
}

function print(bots: number, results: readonly Row[]): string {
  const rows = results.flatMap(({ store, authorities, single, pattern }) =>
    Object.entries({ "one by one": single, "by a pattern": pattern }).map(([how, { streams, codes, ...times }]) => [
      `${store}, ${authorities} ${authorities === 1 ? "authority" : "authorities"}, ${how}`,
      String(streams),
      ...Object.values(times).map((ms) => ms.toFixed(1)),
      Object.entries(codes)
        .map(([code, count]) => `${code} ${count}`)
        .join(", "),
    ]),
  );
  const title = `revocation: ${bots} bots, each with an open stream; from the call's return to the stream's end\n`;
  return `${title}\n${printTable([["", "streams", "p50 ms", "p99 ms", "max ms", "ended with"], ...rows])}`;
}
