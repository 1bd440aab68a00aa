import { type Log, type LogFields, silentLog } from "@interlock/bot";

/** A log that remembers its lines. */
export interface RecordedLog extends Log {
  readonly lines: (readonly [message: string, fields: LogFields])[];
}

/** Makes a {@link RecordedLog}. */
export function recordLog(): RecordedLog {
  const lines: RecordedLog["lines"] = [];
  const write = (message: string, fields: LogFields = {}) => void lines.push([message, fields]);
  return { ...silentLog, lines, info: write, warn: write, error: write };
}
