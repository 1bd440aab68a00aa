import { styleText } from "node:util";
import { jsonLog, type Log, type LogFields } from "@interlock/bot";
import { createLineWriter, printable } from "@interlock/bot/internal";

/** How `interlock up` logs. */
export interface PersonLogOptions {
  /** Whether everything is logged, not only what matters to a person. */
  readonly verbose: boolean;
  /** Whether lines are JSON, for programs. */
  readonly json: boolean;
  /** Takes lines for people. Default: standard error. */
  readonly stream?: NodeJS.WriteStream;
}

type Level = "debug" | "info" | "warn" | "error";

/** The lines at level info that matter to a person; warnings and errors all do. */
export const matters: ReadonlySet<string> = new Set([
  "bot joined",
  "bot recovered",
  "grants applied",
  "intermediate renewed",
  "connected again",
  "fleet audited",
  "program answers",
]);

/** The characters of a field that are shown: a stack or a list of certificates hides what else happens. */
const maximumShown = 300;

/**
 * A log for the person that runs an authority: joins, changes of grants, warnings and errors, as readable lines on a
 * terminal and as JSON lines elsewhere. `INTERLOCK_LOG_LEVEL` decides in place of that choice when it is set.
 */
export function createPersonLog({ verbose, json, stream = process.stderr }: PersonLogOptions): Log {
  const all = verbose || (process.env.INTERLOCK_LOG_LEVEL ?? "") !== "";
  const isShown = (level: Level, message: string) =>
    all || level === "warn" || level === "error" || (level === "info" && matters.has(message));
  const lines = json || !stream.isTTY ? jsonLog : readableLog(stream);
  const pass = (level: Level) => (message: string, fields?: LogFields) => {
    if (isShown(level, message)) lines[level]?.(message, fields);
  };
  return { debug: pass("debug"), info: pass("info"), warn: pass("warn"), error: pass("error") };
}

const levels: readonly Level[] = ["debug", "info", "warn", "error"];
const colors = { debug: "dim", info: "green", warn: "yellow", error: "red" } as const;

function readableLog(stream: NodeJS.WriteStream): Log {
  const chosen = process.env.INTERLOCK_LOG_LEVEL ?? "";
  const least = chosen === "silent" ? levels.length : Math.max(chosen === "" ? 1 : 0, levels.indexOf(chosen as Level));
  const plain = Boolean(process.env.NO_COLOR);
  const colored = (style: "dim" | "green" | "yellow" | "red", text: string) => (plain ? text : styleText(style, text));
  // The reader of a terminal may go away; the authority goes on.
  stream.on("error", () => {});
  const writeLine = createLineWriter(
    () => stream,
    (dropped) => `${dropped} lines were dropped, because nobody read them`,
  );
  const write =
    (level: Level) =>
    (message: string, fields: LogFields = {}) => {
      if (levels.indexOf(level) < least) return;
      const facts = Object.entries(fields)
        .filter(([name, value]) => name !== "bot" && value !== undefined && value !== "")
        .map(([name, value]) => `${name}=${shown(value)}`);
      const time = colored("dim", new Date().toTimeString().slice(0, 8));
      const line = [time, colored(colors[level], level.padEnd(5)), printable(message), colored("dim", facts.join(" "))];
      writeLine(line.join(" ").trimEnd());
    };
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}

function shown(value: string | number | boolean | undefined): string {
  const text = printable(String(value), { maximumLength: maximumShown });
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}
