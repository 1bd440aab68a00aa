/** One attempt at one task, as a worker gets it. */
export interface WorkerTask {
  /** The leader's id of the task. */
  readonly taskId: string;
  /** The number of the attempt, from 1. */
  readonly attempt: number;
  /** The fencing token. What the task changes elsewhere should refuse a token below the highest that it was shown. */
  readonly leaseToken: bigint;
  /** What is to be done; says how to read the payload. */
  readonly kind: string;
  /** The details, in the encoding that `kind` implies. */
  readonly payload: Uint8Array;
  /** After this moment the task fails. Undefined for none. */
  readonly deadline: Date | undefined;
  /** The state that an earlier attempt has saved; empty when none did. */
  readonly checkpoint: Uint8Array;
}

/** What a handler may use while it works on a task. */
export interface TaskContext {
  /**
   * Aborts when the handler has to stop at once: the task was canceled or given to another worker, everything is stopped,
   * or the leader is out of reach.
   */
  readonly signal: AbortSignal;
  /**
   * Reports progress. Only the latest report is certain to arrive.
   *
   * @param fraction - From 0 to 1.
   * @param stage - What the worker is doing, in a word or two. Default: empty.
   */
  progress(fraction: number, stage?: string): void;
  /**
   * Saves the state from which the next attempt continues.
   *
   * @param state - In an encoding of the handler's own.
   * @returns Once the state is on the leader's disk.
   * @throws When the attempt has ended. A `TaskRefusal` that fails the task, when the state is longer than the leader takes:
   * 1 MiB by default.
   */
  checkpoint(state: Uint8Array): Promise<void>;
  /**
   * Waits while the task is paused.
   *
   * @returns At once, or when the operator resumes the task.
   * @throws When the attempt has ended.
   */
  unpaused(): Promise<void>;
}

/**
 * Does one task. What it returns is the result, at most 1 MiB by default; a longer one fails the task. If it throws, the task is
 * tried again later, except for a `TaskRefusal`.
 */
export type TaskHandler = (task: WorkerTask, context: TaskContext) => Promise<Uint8Array | undefined>;
