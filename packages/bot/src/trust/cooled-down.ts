import { type Clock, monotonicOf } from "../base/clock.js";

/**
 * Makes a function that runs `work`, but not again within `coolDownMs`. Calls while it runs share that run. The function
 * resolves to whether the work ran for the call, even if the work failed.
 */
export function createCooledDown(coolDownMs: number, clock: Clock, work: () => Promise<void>): () => Promise<boolean> {
  const steady = monotonicOf(clock);
  let running: Promise<boolean> | undefined;
  let readyAt = Number.NEGATIVE_INFINITY;
  return async function run() {
    if (running) return running;
    const now = steady.now();
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
