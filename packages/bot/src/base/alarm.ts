import type { Clock } from "./clock.js";

// Node treats a longer delay as 1 ms.
const longestDelayMs = 2 ** 31 - 1;

/**
 * Calls `work` once the clock has reached `at`, however far away that is. It keeps no process alive.
 *
 * @param at - Milliseconds since the epoch.
 * @returns A function that cancels the alarm.
 */
export function setAlarm(clock: Clock, at: number, work: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  function wait(): void {
    const left = at - clock.now();
    if (left <= 0) work();
    else timer = setTimeout(wait, Math.min(Math.ceil(left), longestDelayMs)).unref();
  }
  timer = setTimeout(wait, 0).unref();
  return () => clearTimeout(timer);
}
