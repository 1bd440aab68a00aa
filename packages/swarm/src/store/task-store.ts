/** A task as the store keeps it: the columns that are searched, and the whole of it in `task`, but for a payload that is kept apart. */
export interface StoredTask {
  /** The id of the task. */
  readonly taskId: string;
  /** The revision with which it was submitted: the order of all tasks. */
  readonly sequence: number;
  /** The revision of the latest change. */
  readonly revision: number;
  /** `interlock.swarm.v1.TaskState`. */
  readonly state: number;
  /** The session of the worker that holds the task; else empty. */
  readonly sessionId: string;
  /** The name of the submitter and its idempotency key; empty for none. */
  readonly idempotencyKey: string;
  /** The SHA-256 of the request, in base64; empty without a key. */
  readonly requestDigest: string;
  /** The task, `interlock.swarm.v1.Task`; without its payload where that is kept apart. */
  readonly task: Uint8Array;
  /** 1 where the payload is kept apart, because it is long and never changes; else 0. */
  readonly payloadApart: 0 | 1;
  /** The payload that is kept apart. A write may leave it out where an earlier one has brought it; a read always gives it. */
  readonly payload?: Uint8Array | undefined;
}

/** An entry of the audit: a report that was refused, an emergency stop, or a reset. */
export interface AuditEntry {
  /** When, in milliseconds since the epoch. */
  readonly at: number;
  /** What it records: a report that was refused, an emergency stop, or its reset. */
  readonly kind: "refusal" | "stop" | "reset";
  /** The name of the bot. */
  readonly actor: string;
  /** The id of the task, or of the stop. */
  readonly subject: string;
  /** The attempt that the report names; zero for a stop. */
  readonly attempt: number;
  /** The fencing token that the report shows; zero for a stop. */
  readonly leaseToken: number;
  /** Why: a reason of the swarm, or the words of the operator. */
  readonly reason: string;
}

/** An emergency stop that is in force. */
export interface StoredStop {
  /** The id of the stop. */
  readonly stopId: string;
  /** The name of the bot that stopped everything. */
  readonly issuer: string;
  /** Why, in the words of the operator. */
  readonly reason: string;
  /** When, in milliseconds since the epoch. */
  readonly issuedAt: number;
}

/** The idempotency keys of tasks that were forgotten together. */
export interface StoredKeys {
  /** The order of all of them, over all leaders. */
  readonly sequence: number;
  /** When the latest of the tasks was closed, in milliseconds since the epoch. */
  readonly closedAt: number;
  /** The keys, packed (`leader/key-records.ts`). */
  readonly keys: Uint8Array;
}

/** The content of one transaction. */
export interface Batch {
  /** New and changed tasks, in their present state. */
  readonly tasks: readonly StoredTask[];
  /** The ids of those among them that were there before and are now given to a worker. */
  readonly claims: readonly string[];
  /** The ids of closed tasks that are forgotten. */
  readonly forgotten: readonly string[];
  /** New entries of the audit. */
  readonly audit: readonly AuditEntry[];
  /** The idempotency keys of tasks that are forgotten. Default: none. */
  readonly keys?: readonly StoredKeys[];
  /** The keys up to this sequence are removed. Default: 0, none. */
  readonly keysForgottenTo?: number;
}

/** What a transaction has left out. */
export interface Written {
  /** The claims whose row another connection holds: they may be tried again. */
  readonly skipped: readonly string[];
  /** The ids of the tasks that the store cannot hold, because of what they contain. */
  readonly refused: readonly string[];
}

/** Everything that a leader takes over. */
export interface Inheritance {
  /** All tasks, in the order of submission. */
  readonly tasks: readonly StoredTask[];
  /** The emergency stop that is in force, if there is one. */
  readonly stop: StoredStop | undefined;
  /** The idempotency keys of forgotten tasks, in the order of their sequence. */
  readonly keys: readonly StoredKeys[];
}

/**
 * Where a leader keeps its tasks. Any number of leaders may share one store; one of them leads, in an epoch of its own. Each
 * write checks, in its own transaction, that the epoch is still the caller's, and rejects with `LEADER_STANDBY` when it is
 * not: a deposed leader can assign nothing. What is acknowledged is on the disk. Bounds of the audit: the latest 10,000
 * refusals, the latest 10,000 stops and resets, and up to a tenth more of each.
 */
export interface TaskStore {
  /** Takes the lead if no other leader has it, and gives the new epoch. An earlier lead of `holder` itself ends. */
  acquire(holder: string, forMs: number): Promise<number | undefined>;
  /** Gives the lead up, so that another may take it at once. */
  release(epoch: number): Promise<void>;
  /** Reads everything that earlier leaders have left. */
  inherit(epoch: number): Promise<Inheritance>;
  /**
   * Writes a batch, and extends the lead to `forMs` from now: all of it or nothing, apart from what `Written` names, and
   * from entries of the audit that the store cannot hold. Batches are written in the order of the calls. After one that failed, no other of that epoch is written, because
   * the caller's memory is ahead of the store.
   */
  commit(epoch: number, batch: Batch, forMs: number): Promise<Written>;
  /** Writes an emergency stop. */
  latch(epoch: number, stop: StoredStop): Promise<void>;
  /** Writes that the emergency stop was reset, by which bot and why. */
  reset(
    epoch: number,
    stopId: string,
    by: { readonly actor: string; readonly reason: string; readonly at: number },
  ): Promise<void>;
  /** The latest entries of the audit, the latest first: of all kinds, or of one. */
  audit(limit: number, kind?: AuditEntry["kind"]): Promise<AuditEntry[]>;
  /** Closes the database. */
  close(): Promise<void>;
}
