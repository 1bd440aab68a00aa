import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "@interlock/bot";

/** How a file is written until it is. */
export interface UntilWrittenOptions {
  readonly log: Pick<Log, "error">;
  /** Ends the attempts. */
  readonly signal: AbortSignal;
}

/** The pause before a file that could not be written is written again, in milliseconds. */
const retryMs = 1_000;

/** Writes files for Envoy, again and again until it succeeds: without them, Envoy goes on with what expires. */
export async function untilWritten(
  what: string,
  write: () => Promise<void>,
  { log, signal }: UntilWrittenOptions,
): Promise<void> {
  while (!signal.aborted) {
    try {
      return await write();
    } catch (error) {
      log.error(`${what} not written for Envoy`, { error: String(error) });
      await sleep(retryMs, undefined, { ref: false });
    }
  }
}
