/** Something that a machine of the floor did for a task, for good: by the floor's own record, not by anybody's report. */
export interface Done {
  readonly taskId: string;
}

/** One task, as the leader has it. */
export interface Recorded {
  readonly taskId: string;
  readonly completed: boolean;
}

/** What came of the tasks. */
export interface Account {
  readonly submitted: number;
  readonly completed: number;
  /** Not completed; or completed, as the leader says, and no machine of the floor knows of it. */
  readonly lost: number;
  /** Times that a machine did a task again. */
  readonly duplicated: number;
}

/** Holds the leader's record of the tasks that were submitted against what the machines did. */
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
