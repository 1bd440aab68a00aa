import type { StopOutcome } from "../gen/interlock/swarm/v1/swarm.js";
import type { Roster } from "./roster.js";

/** A worker's answer to an emergency stop. */
export interface StopAnswer {
  readonly outcome: StopOutcome;
  readonly detail: string;
  /** When it came, in milliseconds since the epoch. */
  readonly at: number;
}

/**
 * The answers to the emergency stop that is in force, by worker. Bound: when there are more than {@link answersKept}, the
 * oldest of a worker that is not in the roster is dropped, so that only the roster can make it longer. (After a change of
 * leaders a worker may answer before it resumes its session, and is not in the roster then.)
 */
export interface StopAnswers {
  get(worker: string): StopAnswer | undefined;
  has(worker: string): boolean;
  /** The names of the workers that have answered. */
  names(): Iterable<string>;
  set(worker: string, answer: StopAnswer): void;
  clear(): void;
}

/** How many answers there may be before those of unknown workers are dropped. */
export const answersKept = 10_000;

/** Creates an empty list. */
export function createStopAnswers(roster: Pick<Roster, "has">): StopAnswers {
  const answers = new Map<string, StopAnswer>();
  return {
    get: (worker) => answers.get(worker),
    has: (worker) => answers.has(worker),
    names: () => answers.keys(),
    set(worker, answer) {
      answers.delete(worker); // The latest answer goes to the end.
      answers.set(worker, answer);
      if (answers.size <= answersKept) return;
      for (const name of answers.keys()) {
        if (roster.has(name)) continue;
        answers.delete(name);
        return;
      }
    },
    clear: () => answers.clear(),
  };
}
