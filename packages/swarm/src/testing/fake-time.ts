import type { Wait } from "../wait.js";

/** A clock that stands still until a test moves it. */
export interface FakeTime {
  now(): number;
  monotonic(): number;
  readonly wait: Wait;
  /** Lets `ms` milliseconds pass: waits that end in this time end in order, with everything that follows from them. */
  pass(ms: number): Promise<void>;
  /** Moves the clock and ends no wait, as for a process that stood still meanwhile. */
  jump(ms: number): void;
  /** Sets the time of the machine, forward or back. No time passes. */
  set(ms: number): void;
}

/** Creates a clock that stands at the epoch. */
export function createFakeTime(): FakeTime {
  let now = 0;
  let setBy = 0;
  const waiting = new Set<{ at: number; wake: () => void }>();
  return {
    now: () => now + setBy,
    monotonic: () => now,
    wait: (ms, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        const entry = { at: now + ms, wake };
        function wake(): void {
          waiting.delete(entry);
          signal.removeEventListener("abort", wake);
          resolve();
        }
        waiting.add(entry);
        signal.addEventListener("abort", wake);
      }),
    async pass(ms) {
      const end = now + ms;
      await settle();
      for (;;) {
        const [next] = [...waiting].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (!next) break;
        now = Math.max(now, next.at);
        next.wake();
        await settle();
      }
      now = end;
      await settle();
    },
    jump(ms) {
      now += ms;
    },
    set(ms) {
      setBy += ms;
    },
  };
}

/** Lets everything happen that does not wait for time to pass. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await new Promise((resolve) => setImmediate(resolve));
}
