/** A guard that keeps the effects of an attempt that is over away from what it changes outside of the swarm. */
export interface Fence {
  /**
   * Whether an effect under this token may happen.
   *
   * @param taskId - The task, as in `WorkerTask.taskId`.
   * @param leaseToken - The fencing token of the attempt, as in `WorkerTask.leaseToken`.
   * @returns False once a higher token was shown for the task, and for every token below the floor (see
   * {@link createFence}) of a task that is not remembered.
   */
  admits(taskId: string, leaseToken: bigint): boolean;
  /** How many tasks are remembered at the moment; never more than `maximumTasks`. */
  readonly size: number;
}

/** The settings of a {@link Fence}. */
export interface FenceOptions {
  /** How many tasks are remembered; each takes about 130 bytes. Default: 100,000, as many as a leader has open tasks. */
  readonly maximumTasks?: number;
}

/**
 * Creates a fence in memory, for a device that one process drives. A database does the same in its own transaction:
 * `update … set lease_token = $1 where task_id = $2 and lease_token <= $1`.
 *
 * The fence is bounded: before it remembers more than `maximumTasks`, it forgets the half that was shown longest ago, and
 * the highest token that it ever forgot becomes the floor. It refuses every token below the floor of a task that it does
 * not remember. So it fails closed: it never admits a token below the highest that was shown for the task, whether it
 * remembers the task or not.
 *
 * The price: an attempt that was not shown while half of `maximumTasks` other tasks were may be refused, although it still
 * holds its lease. If its handler throws then, the task is tried again under a new token, and tokens grow with every
 * assignment: the new one is above the floor, and is admitted.
 *
 * A caller that invents tokens can have others refused, and cannot have a stale one admitted. Show the fence the tokens of
 * authenticated workers only.
 *
 * @param options - The bound.
 * @returns An empty fence: the first token of each task is admitted.
 * @throws TypeError when `maximumTasks` is not a whole number from 2.
 * @example
 * ```ts
 * const fence = createFence({ maximumTasks: 50_000 });
 * if (!fence.admits(task.taskId, task.leaseToken)) throw new Error("Another attempt has taken over.");
 * ```
 */
export function createFence({ maximumTasks = 100_000 }: FenceOptions = {}): Fence {
  if (!Number.isSafeInteger(maximumTasks) || maximumTasks < 2) {
    throw new TypeError(`maximumTasks is a whole number from 2; it is ${maximumTasks}.`);
  }
  const half = Math.floor(maximumTasks / 2);
  // The highest token of each task: of those shown lately, and of those shown before.
  let recent = new Map<string, bigint>();
  let older = new Map<string, bigint>();
  let floor = 0n;

  function forgetOlder(): void {
    for (const token of older.values()) if (token > floor) floor = token;
    older = recent;
    recent = new Map();
  }

  return {
    get size() {
      return recent.size + older.size;
    },
    admits(taskId, leaseToken) {
      const known = recent.get(taskId) ?? older.get(taskId);
      if (leaseToken < (known ?? floor)) return false;
      if (recent.size === half && !recent.has(taskId)) forgetOlder();
      older.delete(taskId);
      recent.set(taskId, leaseToken);
      return true;
    },
  };
}
