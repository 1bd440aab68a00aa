import { parseArgs } from "node:util";

/** The options of the demo. */
export interface Options {
  readonly json: boolean;
  readonly workers: number;
  readonly tasks: number;
  readonly seed: number;
  /** The name of a single act to play; empty for the whole story. */
  readonly act: string;
  /** A file for the record of the run; empty for none. */
  readonly record: string;
  /** A new folder for the data of the fleet, which stays; empty for none. */
  readonly data: string;
  /** A grants file to use instead of the warehouse's; empty for none. */
  readonly grants: string;
  /** The record of an earlier run to replay instead; empty for none. */
  readonly replay: string;
}

export const usage = `node examples/swarm/dist/demo.js [options]

  --act NAME     play this act only
  --workers N    robots, 4 to 20 (5)
  --tasks N      items to carry besides those of the acts, 1 to 2000 (200; 40 with --act)
  --seed N       another warehouse day (1)
  --record FILE  write a record of the run
  --data FOLDER  keep the fleet's data in this new folder: INTERLOCK_HOME=FOLDER interlock up --trust-domain swarm
  --grants FILE  use these grants instead of the warehouse's
  --replay FILE  replay a record on the dashboard, instead of a new run
  --json         one JSON object on the last line of standard output, progress on standard error
  --help         print this help`;

/** Reads the command line; returns `undefined` for --help. Throws an `Error` that says what is wrong. */
export function readOptions(args: readonly string[], actNames: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      workers: { type: "string", default: "5" },
      tasks: { type: "string" },
      seed: { type: "string", default: "1" },
      act: { type: "string", default: "" },
      record: { type: "string", default: "" },
      data: { type: "string", default: "" },
      grants: { type: "string", default: "" },
      replay: { type: "string", default: "" },
    },
  });
  if (values.help) return undefined;
  const { json, act, record, data, grants, replay } = values;
  if (replay !== "" && (json || act !== "" || record !== "")) {
    throw new Error("--replay plays an earlier run, so it cannot be combined with --json, --act or --record.");
  }
  if (act !== "" && !actNames.includes(act)) {
    throw new Error(`There is no act "${act}"; there are: ${actNames.join(", ")}.`);
  }
  return {
    json,
    act,
    record,
    data,
    grants,
    replay,
    workers: whole("workers", values.workers, 4, 20),
    tasks: whole("tasks", values.tasks ?? (act ? "40" : "200"), 1, 2_000),
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
