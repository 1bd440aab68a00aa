import { setTimeout as delay } from "node:timers/promises";

/** Waits `ms` milliseconds, or until the signal aborts; it never throws. It is passed in, so that tests need not wait. */
export type Wait = (ms: number, signal: AbortSignal) => Promise<void>;

/** Waits with a timer of Node. */
export const systemWait: Wait = async (ms, signal) => {
  await delay(ms, undefined, { signal }).catch(() => {});
};
