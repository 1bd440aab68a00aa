import { InterlockError } from "@interlock/bot";

/** Calls that are made one after the other, so many at once. */
export interface Calling {
  /** How many have succeeded. */
  readonly succeeded: number;
  /** Those that failed: code, reason and message. */
  readonly failures: readonly string[];
  /** Resolves once so many more calls have come to an end that began after this. */
  more(count: number): Promise<void>;
  /** Begins no more calls, and resolves when those under way are over. */
  stop(): Promise<void>;
}

/** The pause after each call, in milliseconds: eight at once stay below the 2,000 calls a second that a bot may make. */
const pauseMs = 5;

/** Makes calls, so many at once, until it is stopped. Each says by its number that it is none of the others. */
export function keepCalling(call: (number: number) => Promise<unknown>, atOnce = 8): Calling {
  const failures: string[] = [];
  const waiting = new Set<() => void>();
  let [succeeded, begun, ended] = [0, 0, 0];
  let stopped = false;

  async function work(): Promise<void> {
    while (!stopped) {
      try {
        await call(begun++);
        succeeded++;
      } catch (thrown) {
        const { code, reason = "", message } = InterlockError.from(thrown);
        failures.push(`${code} ${reason} ${message}`);
      }
      ended++;
      for (const look of waiting) look();
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
  const working = Promise.all(Array.from({ length: atOnce }, work));

  return {
    get succeeded() {
      return succeeded;
    },
    failures,
    more(count) {
      const until = ended + atOnce + count;
      return new Promise((resolve) => {
        const look = () => {
          if (ended < until) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
      });
    },
    async stop() {
      stopped = true;
      await working;
    },
  };
}

/** Resolves once a condition holds. It is looked at often; the time limit of the test is the bound. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
}
