import { parseArgs } from "node:util";
import { findPostgres, startPostgres } from "@interlock/testing-postgres";
import { fuzzAuthority } from "./fuzz-authority.js";
import { fuzzSwarm } from "./fuzz-swarm.js";

const help = `Usage: npm run fuzz -- [options]

Sends a leader and an authority every request with every field at its extremes, on SQLite and on PostgreSQL if it is there,
while honest users work.

Options:
  --seed <n>    what is chosen at random; a new one each time by default
  --mixed <n>   how many requests of several extremes for each method; 50 by default
  --json        print one JSON object a line for each target
  --help        print this

Exit code: 0 when no honest user noticed anything.
`;

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
    mixed: { type: "string", default: "50" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (values.help) process.stdout.write(help);
else process.exit((await fuzz()) ? 0 : 1);

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
