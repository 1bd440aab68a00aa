import {
  describeOptions,
  flag,
  type OptionTable,
  type OptionValues,
  readArguments,
  seconds,
} from "./command-options.js";
import { type Execution, execute, limitStatus } from "./execute.js";
import type { Run, Runnable } from "./run.js";

/** A command line that runs one of several benchmarks or soaks. */
export interface Command<Table extends OptionTable, Options> {
  /** How the command is called, for example `npm run bench --`. */
  readonly usage: string;
  /** What one entry is, for example `benchmark`. */
  readonly noun: string;
  readonly entries: Readonly<Record<string, Runnable<Options>>>;
  /** The options beside `--json`, `--limit` and `--help`. */
  readonly options: Table;
  /** Turns what was given into what an entry takes. `progress` prints one line for people. */
  read(values: OptionValues<Table>, progress: (line: string) => void): Options;
  /** The time limit that applies without `--limit`. */
  readonly limit: { readonly summary: string; seconds(options: Options): number };
}

/** The longest time limit: a day. */
const longestLimitSeconds = 86_400;

/** Does what the command line of this process asks for. A run that ends early prints what it has measured. */
export async function runCommand<Table extends OptionTable, Options>(command: Command<Table, Options>): Promise<void> {
  const prepared = prepare(command, process.argv.slice(2));
  if (typeof prepared === "string") process.stdout.write(prepared);
  else await execute(prepared.run, prepared.execution);
}

/** Prepares the run that the arguments ask for, or returns the help. Ends this process if an argument is wrong. */
function prepare<Table extends OptionTable, Options>(
  command: Command<Table, Options>,
  args: readonly string[],
): string | { readonly run: Run; readonly execution: Execution } {
  const { usage, noun, entries, limit } = command;
  const ownOptions = {
    json: flag("print one JSON object, on the last line"),
    limit: seconds(`stop after so many seconds. Default: ${limit.summary}`, longestLimitSeconds),
    help: flag("print this"),
  };
  const table = { ...command.options, ...ownOptions };
  const help = describe(command, table);
  try {
    const { values: all, positionals } = readArguments(args, table);
    const values = all as OptionValues<Table> & OptionValues<typeof ownOptions>;
    if (values.help) return help;
    const [name, ...more] = positionals;
    if (name === undefined) fail(help);
    const entry = Object.hasOwn(entries, name) ? entries[name] : undefined;
    if (!entry) throw new Error(`There is no ${noun} "${name}". Name one of: ${Object.keys(entries).join(", ")}.`);
    if (more.length > 0) throw new Error(`Name one ${noun} at a time, and not "${positionals.join(" ")}".`);
    const options = command.read(values, (line) => process.stderr.write(`${line}\n`));
    return {
      run: entry.start(options),
      execution: {
        limitSeconds: values.limit ?? entry.limitSeconds ?? limit.seconds(options),
        json: values.json ?? false,
      },
    };
  } catch (error) {
    fail(`${error instanceof Error ? error.message : String(error)}\n"${usage} --help" lists everything.`);
  }
}

function describe<Table extends OptionTable, Options>(
  { usage, noun, entries }: Command<Table, Options>,
  options: OptionTable,
): string {
  const summaries = Object.entries(entries).map(([name, { summary }]) => `  ${name.padEnd(12)}${summary}`);
  return `Usage: ${usage} <${noun}> [options]

${noun.charAt(0).toUpperCase()}${noun.slice(1)}s:
${summaries.join("\n")}

Options:
${describeOptions(options)}

A run that ends early prints what it has measured, with "complete": false and the "missing" parts.

Exit status:
  0    everything was measured, and no check failed
  1    a check or the run failed, an argument is wrong, or a signal stopped the run
  ${limitStatus}  the time limit was reached
`;
}

/** Ends this process because of a wrong argument. */
function fail(message: string): never {
  process.stderr.write(`${message.trimEnd()}\n`);
  process.exit(1);
}
