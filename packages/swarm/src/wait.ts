import { setTimeout as delay } from "node:timers/promises";

/** Waits so many milliseconds, or until the signal aborts; it never throws. Passed in, so that tests need not wait. */
export type Wait = (ms: number, signal: AbortSignal) => Promise<void>;

/** Waits by the machine's own clock. */
export const systemWait: Wait = async (ms, signal) => {
  await delay(ms, undefined, { signal }).catch(() => {});
};
