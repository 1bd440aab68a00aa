import type { Wait } from "../wait.js";

/** Time that passes only when told to. */
export interface FakeTime {
  now(): number;
  readonly wait: Wait;
  /** Lets so many milliseconds pass: whoever waits that long goes on, in order, and all that follows from it happens. */
  pass(ms: number): Promise<void>;
  /** Moves the clock alone, as for a process that stood still meanwhile. */
  jump(ms: number): void;
}

/** Makes a clock that stands still at the epoch. */
export function createFakeTime(): FakeTime {
  let now = 0;
  const waiting = new Set<{ at: number; wake: () => void }>();
  return {
    now: () => now,
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
  };
}

/** Lets everything happen that waits for no time to pass. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await new Promise((resolve) => setImmediate(resolve));
}
