/** Counts what the robots of a soak did, independently of the swarm. */
export interface SwarmAccount {
  submitted(taskId: string): void;
  /** Whether an attempt already had the effect of the task. The next attempt must then only report it. */
  isDone(taskId: string): boolean;
  /** Records that an attempt had the effect of a task. */
  done(taskId: string): void;
  /** Records that the leader reports a task completed. A completed task takes no more memory. */
  completed(taskId: string): void;
  /** The number of tasks that are submitted and not completed. */
  readonly open: number;
  totals(): { submitted: number; completed: number; lost: number; duplicated: number };
}

/** An empty account. */
export function createSwarmAccount(): SwarmAccount {
  const effects = new Map<string, number>();
  const open = new Set<string>();
  let submitted = 0;
  let completed = 0;
  let unproven = 0;
  let duplicated = 0;
  return {
    submitted(taskId) {
      submitted++;
      open.add(taskId);
    },
    isDone: (taskId) => effects.has(taskId),
    done: (taskId) => void effects.set(taskId, (effects.get(taskId) ?? 0) + 1),
    completed(taskId) {
      if (!open.delete(taskId)) return;
      completed++;
      const times = effects.get(taskId) ?? 0;
      if (times === 0) unproven++;
      duplicated += Math.max(0, times - 1);
      effects.delete(taskId);
    },
    get open() {
      return open.size;
    },
    totals: () => ({ submitted, completed, lost: open.size + unproven, duplicated }),
  };
}
