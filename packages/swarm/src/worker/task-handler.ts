/** One attempt at one task, as a worker gets it. */
export interface WorkerTask {
  readonly taskId: string;
  /** From 1. */
  readonly attempt: number;
  /** The fencing token: what the task changes elsewhere should refuse one below the highest that it has seen. */
  readonly leaseToken: bigint;
  readonly kind: string;
  readonly payload: Uint8Array;
  readonly deadline: Date | undefined;
  /** Where an earlier attempt left off; empty when none did. */
  readonly checkpoint: Uint8Array;
}

/** What a handler may use while it works on a task. */
export interface TaskContext {
  /** Aborts when the task is canceled, is given to another, everything is stopped, or the leader is gone: stop at once. */
  readonly signal: AbortSignal;
  /** Says how far it is, from 0 to 1. Only the latest is sure to arrive. */
  progress(fraction: number, stage?: string): void;
  /**
   * Leaves what the next attempt needs in order to go on from here. Resolves once it is on the leader's disk; rejects
   * when the attempt is over.
   */
  checkpoint(state: Uint8Array): Promise<void>;
  /** Resolves at once, or when the operator lets a paused task go on; rejects when the attempt is over. */
  unpaused(): Promise<void>;
}

/** Does one task. What it returns is the result; what it throws has it tried again later, unless it is a `TaskRefusal`. */
export type TaskHandler = (task: WorkerTask, context: TaskContext) => Promise<Uint8Array | undefined>;
