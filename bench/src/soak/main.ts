import { parseArgs } from "node:util";
import { crash } from "./crash.js";
import { rotation } from "./rotation.js";
import type { Soak, SoakOptions, StoreKind } from "./soak.js";
import { swarm } from "./swarm.js";

const soaks: Record<string, Soak> = { crash, rotation, swarm };

const help = `Usage: npm run soak -- <soak> [options]

Soaks:
${Object.entries(soaks)
  .map(([name, { summary }]) => `  ${name.padEnd(12)}${summary}`)
  .join("\n")}

Options:
  --seconds <n>     how long the load lasts (60)
  --store <engine>  sqlite or postgres; both, one after the other, unless said
  --json            print one JSON object, on the last line
  --help            print this
`;

/** However a run goes wrong, it is over this long after its load should have ended. */
const overtimeMs = 180_000;

const { values, positionals } = readArguments();
const [name = "", ...more] = positionals;
const soak = Object.hasOwn(soaks, name) ? soaks[name] : undefined;
if (values.help) {
  process.stdout.write(help);
} else if (!soak || more.length > 0) {
  const known = Object.keys(soaks).join(", ");
  fail(name === "" ? help : more.length > 0 ? "name one soak" : `there is no soak "${name}": ${known}`);
} else {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
  const options = readOptions();
  const limitMs = options.durationMs * options.stores.length + overtimeMs;
  setTimeout(() => fail(`stopped after ${limitMs / 1000} s`), limitMs).unref();
  try {
    const { ok, json, text } = await soak.run(options);
    process.stdout.write(values.json ? `${JSON.stringify({ ok, ...json })}\n` : text);
    process.exitCode = ok ? 0 : 1;
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
      options: { json: flag, help: flag, seconds: { ...text, default: "60" }, store: text },
    });
  } catch (error) {
    fail((error as Error).message);
  }
}

function readOptions(): SoakOptions {
  const { seconds, store } = values;
  if (!/^[1-9]\d{0,3}$/.test(seconds)) fail("--seconds takes a number from 1 to 9999");
  if (store !== undefined && !isStoreKind(store)) fail("--store takes sqlite or postgres");
  return {
    durationMs: Number(seconds) * 1_000,
    stores: store === undefined ? ["sqlite", "postgres"] : [store],
    progress: (line) => process.stderr.write(`${line}\n`),
  };
}

function isStoreKind(text: string): text is StoreKind {
  return text === "sqlite" || text === "postgres";
}

function fail(message: string): never {
  process.stderr.write(`${message.trimEnd()}\n`);
  process.exit(1);
}
