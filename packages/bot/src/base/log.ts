import { activeSpan } from "./active-span.js";
import { InterlockError } from "./error.js";
import { createLineWriter } from "./line-writer.js";
import { printable } from "./printable.js";

/** The fields of a log line besides its message. Never a secret, a token or a key. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * Takes the log lines of a bot, message first. `console` fits as it is.
 *
 * Loggers with `child`, such as those of pino, bunyan and winston, take their fields first, or in another form. They are
 * no `Log`, so that no fields get lost: write them as in the example.
 *
 * @example
 * ```ts
 * const logger = pino();
 * const log: Log = {
 *   debug: (message, fields) => logger.debug(fields, message),
 *   info: (message, fields) => logger.info(fields, message),
 *   warn: (message, fields) => logger.warn(fields, message),
 *   error: (message, fields) => logger.error(fields, message),
 * };
 * ```
 */
export interface Log {
  /** Takes a line that helps to find a fault. Default: it is dropped. */
  debug?(message: string, fields?: LogFields): void;
  /** Takes a line about something that went as expected. */
  info(message: string, fields?: LogFields): void;
  /** Takes a line about something that an operator should look at. */
  warn(message: string, fields?: LogFields): void;
  /** Takes a line about something that failed. */
  error(message: string, fields?: LogFields): void;
  /** No log has it: see above. */
  readonly child?: never;
}

/** The levels of a log, from the one with the most lines. */
const levels = ["debug", "info", "warn", "error", "silent"] as const;

type Level = (typeof levels)[number];

/** The characters of a field that are written: a stack is shorter. */
const maximumFieldLength = 4_096;

/**
 * A {@link Log} that writes one JSON object per line to standard error, from the level in `INTERLOCK_LOG_LEVEL` on: `debug`,
 * `info`, `warn`, `error` or `silent`. Default: `info`. Within a span of OpenTelemetry, lines have its `trace_id` and `span_id`. Fields are cut to 4,096 characters, and what a terminal would obey is
 * escaped. When nothing reads standard error any more, or 1 MiB waits for a slow reader, lines are dropped.
 */
export const jsonLog: Log = {
  debug: (message, fields) => write("debug", message, fields),
  info: (message, fields) => write("info", message, fields),
  warn: (message, fields) => write("warn", message, fields),
  error: (message, fields) => write("error", message, fields),
};

/** A {@link Log} that writes nothing. */
export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {} };

/**
 * Checks the log that a program gave, and the level in the environment.
 *
 * @throws InterlockError `INVALID_ARGUMENT` for an unknown level, and for a logger that takes its fields first.
 */
export function checkLog(log: Log): void {
  levelIn(process.env.INTERLOCK_LOG_LEVEL);
  if (log === console) outliveReaders();
  if (typeof (log as { child?: unknown }).child !== "function") return;
  const remedy = "pass { info: (message, fields) => logger.info(fields, message) }, and the same for warn and error";
  throw new InterlockError("INVALID_ARGUMENT", `The log takes its fields first, as pino does: ${remedy}.`);
}

let outliving = false;

/** Keeps the process alive when a reader of the console goes away: `console` itself does not, once a write has begun. */
function outliveReaders(): void {
  if (outliving) return;
  outliving = true;
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
}

/** Returns the level that a text names; `info` for none. Throws `INVALID_ARGUMENT` for another text. */
function levelIn(text: string | undefined): Level {
  if (text === undefined || text === "") return "info";
  const level = levels.find((one) => one === text);
  if (level !== undefined) return level;
  const choices = `${levels.slice(0, -1).join(", ")} or ${levels.at(-1)}`;
  throw new InterlockError(
    "INVALID_ARGUMENT",
    `INTERLOCK_LOG_LEVEL is "${printable(text, { maximumLength: 40 })}": use ${choices}.`,
  );
}

/** Whether lines of a level are written. A level that cannot be read was refused when the bot started. */
function isWritten(level: Level): boolean {
  const least = levels.indexOf(process.env.INTERLOCK_LOG_LEVEL as Level);
  return levels.indexOf(level) >= (least < 0 ? 1 : least);
}

const writeLine = createLineWriter(
  () => process.stderr,
  (dropped) => lineOf("warn", "nobody read the log, so lines were dropped", { dropped }),
);

function write(level: Level, message: string, fields?: LogFields): void {
  if (isWritten(level)) writeLine(lineOf(level, message, fields));
}

function lineOf(level: Level, message: string, fields?: LogFields): string {
  return toLine({ time: new Date().toISOString(), level, message, ...activeSpan(), ...fields });
}

/** A JSON object as one line that is safe to look at. */
export function toLine(fields: LogFields): string {
  const cut = (_key: string, value: unknown) =>
    typeof value === "string" && value.length > maximumFieldLength
      ? `${value.slice(0, maximumFieldLength)}… (${value.length} characters)`
      : value;
  // JSON has escaped C0 and lone surrogates. Nothing of the rest stands outside of a string.
  return printable(JSON.stringify(fields, cut));
}
