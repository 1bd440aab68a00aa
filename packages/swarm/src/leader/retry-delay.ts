const firstMs = 500;
/** The longest delay before a task is tried again, in milliseconds. */
export const longestRetryMs = 60_000;

/**
 * The delay before a task is tried again after its n-th failure, in milliseconds: twice as long each time, at most a minute,
 * less a random part of up to one half. `random` gives a number from 0 to 1.
 */
export function retryDelayMs(failures: number, random: () => number): number {
  return Math.min(firstMs * 2 ** Math.max(0, failures - 1), longestRetryMs) * (1 - random() / 2);
}
