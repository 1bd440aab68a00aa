import { parseArgs } from "node:util";

/** What the demo is asked for. */
export interface Options {
  readonly json: boolean;
  readonly workers: number;
  readonly tasks: number;
  readonly seed: number;
}

export const usage = `node examples/swarm/dist/demo.js [options]

  --workers N   robots, 1 to 20 (5)
  --tasks N     items to carry, 1 to 2000 (200)
  --seed N      another warehouse day (1)
  --json        one JSON object on standard output, progress on standard error
  --help        this`;

/** Reads the command line; `undefined` for --help. Throws an `Error` that says what is wrong. */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      workers: { type: "string", default: "5" },
      tasks: { type: "string", default: "200" },
      seed: { type: "string", default: "1" },
    },
  });
  if (values.help) return undefined;
  return {
    json: values.json,
    workers: whole("workers", values.workers, 1, 20),
    tasks: whole("tasks", values.tasks, 1, 2_000),
    seed: whole("seed", values.seed, 0, 2 ** 32 - 1),
  };
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new Error(`--${name} is "${text}"; it must be a whole number from ${least} to ${most}.`);
  }
  return value;
}
