import type { Clock } from "./clock.js";

// Node takes a longer delay for 1 ms.
const longestDelayMs = 2 ** 31 - 1;

/** Calls `work` once the clock has reached `at` (milliseconds since the epoch), however far that is. Gives what calls it off. */
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
