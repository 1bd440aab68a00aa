import { activeSpan } from "./active-span.js";
import type { Log, LogFields } from "./log.js";

/**
 * A log whose lines have the name of a bot, and the ids of the active span of OpenTelemetry, and that never throws: a log that fails
 * takes no bot down.
 *
 * @param log - The log that takes the lines.
 * @param bot - The name of the bot; `undefined` while it is not known.
 */
export function namedLog(log: Log, bot: string | undefined): Required<Pick<Log, "debug" | "info" | "warn" | "error">> {
  const pass = (level: "debug" | "info" | "warn" | "error") => (message: string, fields?: LogFields) => {
    try {
      // An async function fits the type, too. There is no place left to tell that it failed.
      const span = activeSpan();
      const own = bot === undefined && !span ? fields : { ...(bot !== undefined && { bot }), ...span, ...fields };
      const written: unknown = log[level]?.(message, own);
      if (written instanceof Promise) written.catch(() => {});
    } catch {}
  };
  return { debug: pass("debug"), info: pass("info"), warn: pass("warn"), error: pass("error") };
}
