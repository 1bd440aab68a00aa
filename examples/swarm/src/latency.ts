import { setTimeout as delay } from "node:timers/promises";

/** The latencies of one window, in milliseconds. */
export interface Window {
  readonly median: number;
  readonly p99: number;
}

/** A window is not kept open longer than this, however slow the calls are. */
const longestMs = 2_000;

/** Calls one after the other for a while, with a short rest between, and gives how long the calls took. */
export async function measureWindow(call: () => Promise<unknown>, calls: number): Promise<Window> {
  const times: number[] = [];
  for (const end = Date.now() + longestMs; times.length < calls && Date.now() < end; ) {
    const began = performance.now();
    await call();
    times.push(performance.now() - began);
    await delay(3);
  }
  return { median: quantile(times, 0.5), p99: quantile(times, 0.99) };
}

/** The value below which the share `q` of them lies. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
}
