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

/** A {@link Log} that writes one JSON object per line to standard error. */
export const jsonLog: Log = {
  info: (message, fields) => write("info", message, fields),
  warn: (message, fields) => write("warn", message, fields),
  error: (message, fields) => write("error", message, fields),
};

/** A {@link Log} that writes nothing. */
export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {} };

function write(level: string, message: string, fields?: LogFields): void {
  // JSON leaves some characters as they are with which a text from elsewhere could change what a terminal shows.
  process.stderr.write(`${printable(JSON.stringify({ time: new Date().toISOString(), level, message, ...fields }))}\n`);
}
