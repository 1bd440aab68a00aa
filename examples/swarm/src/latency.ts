import { setTimeout as delay } from "node:timers/promises";

/** The longest time for one measurement, however slow the calls are. */
const longestMs = 2_000;

/** Makes calls one after the other, with short pauses, and returns their durations in milliseconds. */
export async function timeCalls(call: () => Promise<unknown>, calls: number): Promise<number[]> {
  const times: number[] = [];
  for (const end = Date.now() + longestMs; times.length < calls && Date.now() < end; ) {
    const began = performance.now();
    await call();
    times.push(performance.now() - began);
    await delay(3);
  }
  return times;
}

/** The quantile `q` of the values. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
}
