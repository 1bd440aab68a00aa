import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { authority } from "./authority/authority.js";
import type { Benchmark, BenchmarkOptions } from "./benchmark.js";
import { revocation } from "./revocation/revocation.js";
import { streaming } from "./streaming.js";
import { swarm } from "./swarm/swarm.js";
import { unary } from "./unary.js";

const benchmarks: Record<string, Benchmark> = { unary, streaming, authority, revocation, swarm };

const help = `Usage: npm run bench -- <benchmark> [options]

Benchmarks:
${Object.entries(benchmarks)
  .map(([name, { summary }]) => `  ${name.padEnd(12)}${summary}`)
  .join("\n")}

Options:
  --json            print one JSON object, on the last line
  --rounds <n>      rounds that count (12)
  --calls <n>       calls of each variant in each round
  --in-flight <n>   calls under way at a time
  --bots <n>        bots in the fleet
  --profile <dir>   let every process leave a CPU profile there
  --help            print this
`;

/** However a run goes wrong, it is over after this long. */
const limitMs = 600_000;

const { values, positionals } = readArguments();
const [name = "", ...more] = positionals;
const benchmark = Object.hasOwn(benchmarks, name) ? benchmarks[name] : undefined;
if (values.help) {
  process.stdout.write(help);
} else if (!benchmark || more.length > 0) {
  const known = Object.keys(benchmarks).join(", ");
  fail(name === "" ? help : more.length > 0 ? "name one benchmark" : `there is no benchmark "${name}": ${known}`);
} else {
  // Processes that were started end with this one, on the way out or when they lose it.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
  setTimeout(() => fail(`stopped after ${limitMs / 1000} s`), limitMs).unref();
  try {
    const { json, text } = await benchmark.run(readOptions());
    process.stdout.write(values.json ? `${JSON.stringify(json)}\n` : text);
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error));
  }
}

function readArguments() {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  try {
    return parseArgs({
      allowPositionals: true,
      options: { json: flag, help: flag, rounds: text, calls: text, "in-flight": text, bots: text, profile: text },
    });
  } catch (error) {
    fail((error as Error).message);
  }
}

function readOptions(): BenchmarkOptions {
  const rounds = count("rounds");
  const calls = count("calls");
  const inFlight = count("in-flight");
  const bots = count("bots");
  return {
    ...(rounds && { rounds }),
    ...(calls && { calls }),
    ...(inFlight && { inFlight }),
    ...(bots && { bots }),
    ...(values.profile && { profileFolder: resolve(values.profile) }),
    progress: (line) => process.stderr.write(`${line}\n`),
  };
}

function count(option: "rounds" | "calls" | "in-flight" | "bots"): number | undefined {
  const value = values[option];
  if (value === undefined) return undefined;
  if (!/^[1-9]\d{0,6}$/.test(value)) fail(`--${option} takes a number from 1`);
  return Number(value);
}

function fail(message: string): never {
  process.stderr.write(`${message.trimEnd()}\n`);
  process.exit(1);
}
