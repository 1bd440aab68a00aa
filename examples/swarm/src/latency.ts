import { setTimeout as delay } from "node:timers/promises";

/** It does not go on longer than this, however slow the calls are. */
const longestMs = 2_000;

/** Calls one after the other for a while, with a short rest between, and gives how long the calls took, in milliseconds. */
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

/** The value below which the share `q` of them lies. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
}
