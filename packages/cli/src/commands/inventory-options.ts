import type { EndpointState } from "@interlock/audit";
import { type Command, InvalidArgumentError } from "commander";
import { parseWindow } from "./options.js";

/** The options of every command that reads files, the authority and a scan. */
export interface SourceOptions {
  /** The folders of projects. */
  readonly project?: readonly string[];
  /** The grants file. */
  readonly grants?: string;
  /** A file with a scan. */
  readonly scanFile?: string;
  /** Whether the authority is left alone. */
  readonly offline?: boolean;
  /** In milliseconds. */
  readonly window?: number;
}

/** Adds the options that say what is read. */
export function withSources(command: Command): Command {
  return command
    .option("--project <folder...>", "the folders with the proto files. Default: this one")
    .option("--grants <file>", "the grants file. Default: grants.yaml in the first project")
    .option("--scan-file <file>", "the result of a scan, from interlock scan --out")
    .option("--window <duration>", "how long without a call is unused. Default: 30d", parseWindow)
    .option("--offline", "do not ask the authority: only what files say");
}

/** Every state; the module that defines them is not loaded for an option. */
const known: Readonly<Record<EndpointState, true>> = {
  declared: true,
  served: true,
  listening: true,
  used: true,
  unused: true,
  deprecated: true,
  "past sunset": true,
  retired: true,
  undeclared: true,
  unknown: true,
};
const states = Object.keys(known) as EndpointState[];

/** Reads one more state; `past-sunset` needs no quotes. */
export function parseState(text: string, before: readonly EndpointState[] = []): EndpointState[] {
  const state = states.find((one) => one === text.replace("-", " "));
  if (state === undefined)
    throw new InvalidArgumentError(`A state is one of ${states.join(", ").replace(" sunset", "-sunset")}.`);
  return [...before, state];
}
