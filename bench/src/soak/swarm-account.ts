/** What the robots of a soak did, seen from outside of the swarm. */
export interface SwarmAccount {
  submitted(taskId: string): void;
  /** Whether an attempt has had the effect of the task: the next one, which is for the report that was lost, has not. */
  isDone(taskId: string): boolean;
  /** Somebody had the effect of a task. */
  done(taskId: string): void;
  /** The leader says that it is completed. Tasks that are in order are forgotten, however long it goes on. */
  completed(taskId: string): void;
  readonly open: number;
  totals(): { submitted: number; completed: number; lost: number; duplicated: number };
}

export function createSwarmAccount(): SwarmAccount {
  const effects = new Map<string, number>();
  const open = new Set<string>();
  let [submitted, completed, unproven, duplicated] = [0, 0, 0, 0];
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
