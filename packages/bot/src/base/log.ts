import { printable } from "./printable.js";

/** The fields of a log line besides its message. Never a secret, a token or a key. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * Takes the log lines of a bot. A logger of yours fits with a few lines.
 *
 * @example
 * ```ts
 * const log: Log = {
 *   info: (message, fields) => logger.info(fields, message),
 *   warn: (message, fields) => logger.warn(fields, message),
 *   error: (message, fields) => logger.error(fields, message),
 * };
 * ```
 */
export interface Log {
  /** Takes a line about something that went as expected. */
  info(message: string, fields?: LogFields): void;
  /** Takes a line about something that an operator should look at. */
  warn(message: string, fields?: LogFields): void;
  /** Takes a line about something that failed. */
  error(message: string, fields?: LogFields): void;
}

/** The characters of a field that are written: a stack is shorter. */
const maximumFieldLength = 4_096;

/**
 * A {@link Log} that writes one JSON object per line to standard error. Fields are cut to 4,096 characters, and what a terminal
 * would obey is escaped.
 */
export const jsonLog: Log = {
  info: (message, fields) => write("info", message, fields),
  warn: (message, fields) => write("warn", message, fields),
  error: (message, fields) => write("error", message, fields),
};

/** A {@link Log} that writes nothing. */
export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {} };

function write(level: string, message: string, fields?: LogFields): void {
  process.stderr.write(`${toLine({ time: new Date().toISOString(), level, message, ...fields })}\n`);
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
