/** A permanent effect of a machine for a task, as the floor recorded it; not a report by a robot. */
export interface Done {
  readonly taskId: string;
}

/** One task, as the leader recorded it. */
export interface Recorded {
  readonly taskId: string;
  readonly completed: boolean;
}

/** The result of all tasks. */
export interface Account {
  readonly submitted: number;
  readonly completed: number;
  /** Not completed; or completed according to the leader, without an effect on record at the floor. */
  readonly lost: number;
  /** Times that a machine did a task again. */
  readonly duplicated: number;
}

/** Compares the leader's record of the submitted tasks with the effects of the machines. */
export function settle(submitted: ReadonlySet<string>, recorded: readonly Recorded[], done: readonly Done[]): Account {
  const times = new Map<string, number>();
  for (const { taskId } of done) times.set(taskId, (times.get(taskId) ?? 0) + 1);
  const completed = recorded.filter((task) => task.completed && submitted.has(task.taskId));
  const proven = completed.filter(({ taskId }) => times.has(taskId));
  const again = [...times.values()].reduce((sum, count) => sum + count - 1, 0);
  return {
    submitted: submitted.size,
    completed: completed.length,
    lost: submitted.size - proven.length,
    duplicated: again,
  };
}
