import type { Clock } from "../base/clock.js";

/**
 * Runs `work` when it is asked to, and then not again for `coolDownMs`. Those who ask while it runs share what it does.
 * Resolves to whether it ran for them; a failure of the work is not theirs.
 */
export function createCooledDown(coolDownMs: number, clock: Clock, work: () => Promise<void>): () => Promise<boolean> {
  let running: Promise<boolean> | undefined;
  let readyAt = Number.NEGATIVE_INFINITY;
  return async function run() {
    if (running) return running;
    const now = clock.now();
    if (now < readyAt) return false;
    readyAt = now + coolDownMs;
    running = work()
      .then(
        () => true,
        () => true,
      )
      .finally(() => {
        running = undefined;
      });
    return running;
  };
}
