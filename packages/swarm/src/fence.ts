/** Keeps the effects of an attempt that is over from what it changes outside of the swarm. */
export interface Fence {
  /** Whether an effect under this token may happen: false once a higher one has been seen for the task. */
  admits(taskId: string, leaseToken: bigint): boolean;
}

/**
 * A fence in memory, for a device that one process drives. A database does the same in its own transaction:
 * `update … set lease_token = $1 where task_id = $2 and lease_token <= $1`.
 *
 * ```ts
 * if (!fence.admits(task.taskId, task.leaseToken)) throw new Error("Another attempt has taken over.");
 * ```
 */
export function createFence(): Fence {
  const highest = new Map<string, bigint>();
  return {
    admits(taskId, leaseToken) {
      if (leaseToken < (highest.get(taskId) ?? 0n)) return false;
      highest.set(taskId, leaseToken);
      return true;
    },
  };
}
