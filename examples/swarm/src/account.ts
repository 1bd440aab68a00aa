/** One attempt that a worker carried out to its end, as the worker itself has it. */
export interface Executed {
  readonly worker: string;
  readonly taskId: string;
  readonly attempt: number;
}

/** One task, as the leader has it. */
export interface Recorded {
  readonly taskId: string;
  readonly completed: boolean;
  readonly worker: string;
  readonly attempt: number;
}

/** What came of the tasks. */
export interface Account {
  readonly submitted: number;
  readonly completed: number;
  /** Not completed; or completed, as the leader says, by one of our workers, which knows nothing of it. */
  readonly lost: number;
  /** Times that a task was carried out again. */
  readonly duplicated: number;
}

/** Holds the workers' ledgers against the leader's. What guests did, who are not `ours`, has only the leader's word. */
export function settle(
  submitted: readonly string[],
  recorded: readonly Recorded[],
  executed: readonly Executed[],
  ours: ReadonlySet<string>,
): Account {
  const tasks = new Map(recorded.map((task) => [task.taskId, task]));
  const times = new Map<string, number>();
  const ledger = new Set<string>();
  for (const entry of executed) {
    times.set(entry.taskId, (times.get(entry.taskId) ?? 0) + 1);
    ledger.add(keyOf(entry));
  }
  const ended = submitted.map((taskId) => tasks.get(taskId)).filter((task) => task?.completed === true);
  const proven = ended.filter((task) => task && (!ours.has(task.worker) || ledger.has(keyOf(task))));
  const again = [...times.values()].reduce((sum, count) => sum + count - 1, 0);
  const { length: completed } = ended;
  return { submitted: submitted.length, completed, lost: submitted.length - proven.length, duplicated: again };
}

function keyOf({ worker, taskId, attempt }: Executed): string {
  return `${worker} ${taskId} ${attempt}`;
}
