/** One number of workers, all in one process, and the settings that they are measured with. */
export interface Crew {
  readonly workers: number;
  /** The number of tasks that each worker has in hand: the fastest setting that was found. */
  readonly inHand: number;
  /** The number of jobs that each worker of BullMQ does at a time: the fastest setting that was found. */
  readonly concurrency: number;
  /** The number of tasks. It is so high that the workers are connected long before the last task. */
  readonly tasks: number;
  /** The number of tasks when each worker has one at a time: so many that most are done by compiled code, on both sides. */
  readonly few: number;
}

/** The crews of the benchmark; `calls` replaces their numbers of tasks. */
export function createCrews(calls: number | undefined): readonly Crew[] {
  return crews.map(({ workers, inHand, concurrency, tasks, few }) => {
    const all = calls ?? tasks;
    // With few tasks, most of them must not be in hand before the first is done.
    const atMost = Math.ceil(all / workers / 4);
    return {
      workers,
      inHand: Math.min(inHand, atMost),
      concurrency: Math.min(concurrency, atMost),
      tasks: all,
      few: calls ?? few,
    };
  });
}

const crews: readonly Crew[] = [
  { workers: 1, inHand: 900, concurrency: 128, tasks: 40_000, few: 10_000 },
  { workers: 8, inHand: 900, concurrency: 64, tasks: 60_000, few: 10_000 },
  { workers: 64, inHand: 128, concurrency: 16, tasks: 60_000, few: 20_000 },
];
