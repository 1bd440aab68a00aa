import type { ProbeName } from "./attack.js";

/** One honest use: when it began, how long it took, and whether it succeeded. */
export interface Sample {
  readonly probe: ProbeName;
  /** By `performance.timeOrigin + performance.now()`, in milliseconds. */
  readonly at: number;
  readonly ms: number;
  /** Why it failed; absent where it succeeded. */
  readonly failure?: string | undefined;
}

/** Milliseconds since the epoch, by a clock that never steps back within a process and is comparable between processes. */
export function monotonicMs(): number {
  return performance.timeOrigin + performance.now();
}
