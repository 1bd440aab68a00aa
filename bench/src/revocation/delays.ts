import { quantile, round } from "../statistics.js";
import type { TimedEnd } from "./timed-end.js";

/** How long streams lasted, in milliseconds after the call that revoked their bots had returned. */
export interface Delays {
  readonly streams: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
  /** The number of streams by the gRPC code of their end. */
  readonly codes: Readonly<Record<string, number>>;
}

export function summarize(ends: readonly TimedEnd[]): Delays {
  const sorted = Float64Array.from(ends, ({ delayMs }) => delayMs).sort();
  const codes: Record<string, number> = {};
  for (const { code } of ends) codes[code] = (codes[code] ?? 0) + 1;
  const at = (q: number) => round(quantile(sorted, q), 1);
  return { streams: ends.length, p50_ms: at(0.5), p99_ms: at(0.99), max_ms: at(1), codes };
}
