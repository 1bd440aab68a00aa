import { setImmediate as turn } from "node:timers/promises";

/** Virtual time that passes as fast as it can, one moment after the other. */
export interface VirtualTime {
  now(): number;
  wait(ms: number, signal: AbortSignal): Promise<void>;
  /** Advances the time until `done`. */
  run(done: Promise<unknown>): Promise<void>;
}

export function createVirtualTime(): VirtualTime {
  let now = 0;
  let number = 0;
  let alarms: { readonly at: number; readonly number: number; readonly ring: () => void }[] = [];
  return {
    now: () => now,
    wait(ms, signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const alarm = { at: now + ms, number: ++number, ring };
        function ring(): void {
          signal.removeEventListener("abort", stop);
          resolve();
        }
        function stop(): void {
          alarms = alarms.filter((each) => each !== alarm);
          reject(signal.reason);
        }
        alarms.push(alarm);
        signal.addEventListener("abort", stop, { once: true });
      });
    },
    async run(done) {
      let over = false;
      const finished = done.finally(() => {
        over = true;
      });
      finished.catch(() => {});
      while (!over) {
        alarms.sort((a, b) => a.at - b.at || a.number - b.number);
        const next = alarms.shift();
        if (next) {
          now = next.at;
          next.ring();
        }
        await turn(); // All consequences of this moment happen first.
      }
      await finished;
    },
  };
}
