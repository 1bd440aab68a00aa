import { parseArgs } from "node:util";
import { findPostgres, startPostgres } from "@interlock/testing-postgres";
import { fuzzWire } from "../wire/fuzz-wire.js";
import { fuzzAuthority } from "./fuzz-authority.js";
import { fuzzSwarm } from "./fuzz-swarm.js";

const help = `Usage: npm run fuzz -- [options] [wire]

Sends a leader and an authority every request with every field at its extremes, on SQLite and on PostgreSQL if it is there,
while honest users work. With "wire": sends connections of HTTP/2, of both roles, frames that are sound, wrong, or mutations of
real ones, while a neighbor is served.

Options:
  --seed <n>    what is chosen at random; a new one each time by default
  --mixed <n>   how many requests of several extremes for each method; 50 by default
  --frames <n>  how many frames; 10,000,000 by default
  --json        print one JSON object a line for each target
  --help        print this

Exit code: 0 when no honest user noticed anything.
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
    mixed: { type: "string", default: "50" },
    frames: { type: "string", default: "10000000" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (values.help) process.stdout.write(help);
else if (positionals.some((target) => target !== "wire")) {
  process.stderr.write(help);
  process.exit(2);
} else process.exit((await (positionals.length > 0 ? fuzzFrames() : fuzz())) ? 0 : 1);

async function fuzz(): Promise<boolean> {
  const options = { seed: Number(values.seed), mixed: Number(values.mixed), share: 1 };
  const postgres = typeof findPostgres() === "string" ? undefined : await startPostgres();
  const targets = { leader: fuzzSwarm, authority: fuzzAuthority };
  let well = true;
  for (const [target, fuzzTarget] of Object.entries(targets)) {
    for (const store of postgres ? ["SQLite", "PostgreSQL"] : ["SQLite"]) {
      const place = store === "SQLite" ? undefined : await postgres?.createDatabase();
      const { cases, answers, problems } = await fuzzTarget(options, place);
      if (problems.length > 0) well = false;
      const told = { target, store, seed: options.seed, cases, answers, problems };
      const line = `${problems.length > 0 ? "✘" : "✔"} ${target} on ${store}, seed ${options.seed}: ${cases} requests`;
      process.stdout.write(`${values.json ? JSON.stringify(told) : [line, ...problems.slice(0, 20)].join("\n  ")}\n`);
    }
  }
  await postgres?.stop();
  return well;
}

async function fuzzFrames(): Promise<boolean> {
  const seed = Number(values.seed);
  const { frames, connections, ends, neighbor, grownMiB, problems } = await fuzzWire(seed, Number(values.frames));
  const told = { target: "wire", seed, frames, connections, ends, neighbor, grownMiB, problems };
  const summary = `${frames} frames on ${connections} connections; ${neighbor.calls} calls of the neighbor`;
  const line = `${problems.length > 0 ? "✘" : "✔"} wire, seed ${seed}: ${summary}; ${grownMiB.toFixed(1)} MiB more memory`;
  process.stdout.write(`${values.json ? JSON.stringify(told) : [line, ...problems.slice(0, 20)].join("\n  ")}\n`);
  return problems.length === 0;
}
