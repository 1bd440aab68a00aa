const firstMs = 500;
const maximumMs = 60_000;

/**
 * How long a task waits after its n-th failure, in milliseconds: twice as long each time, up to a minute, less up to
 * half of it at random. `random` gives from 0 to 1.
 */
export function retryDelayMs(failures: number, random: () => number): number {
  return Math.min(firstMs * 2 ** Math.max(0, failures - 1), maximumMs) * (1 - random() / 2);
}
