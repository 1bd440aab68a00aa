/** A task as it is kept. Columns are what is searched for; the rest is in `task`. */
export interface StoredTask {
  readonly taskId: string;
  /** The revision with which it was submitted: the order of all tasks. */
  readonly sequence: number;
  /** The revision of the latest change. */
  readonly revision: number;
  readonly state: number;
  /** The worker's session, while a worker has the task; else empty. */
  readonly sessionId: string;
  /** The submitter and his idempotency key; empty for none. */
  readonly idempotencyKey: string;
  /** SHA-256 over the request, base64; empty without a key. */
  readonly requestDigest: string;
  /** The whole task, `interlock.swarm.v1.Task`. */
  readonly task: Uint8Array;
}

/** Something that has to be accounted for: a report that was refused, an emergency stop, a reset. */
export interface AuditEntry {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** `refusal`, `stop` or `reset`. */
  readonly kind: string;
  /** The name of the bot. */
  readonly actor: string;
  /** The task, or the stop. */
  readonly subject: string;
  readonly attempt: number;
  /** Of the lease that was shown; zero for none. */
  readonly leaseToken: number;
  readonly reason: string;
}

/** An emergency stop that is in force. */
export interface StoredStop {
  readonly stopId: string;
  readonly issuer: string;
  readonly reason: string;
  /** Milliseconds since the epoch. */
  readonly issuedAt: number;
}

/** What is written at once. */
export interface Batch {
  /** New and changed tasks, as they are now. */
  readonly tasks: readonly StoredTask[];
  /** The ids of those among them that have been there before, and are now given to a worker. */
  readonly claims: readonly string[];
  /** The ids of closed tasks that are forgotten. */
  readonly forgotten: readonly string[];
  readonly audit: readonly AuditEntry[];
}

/** Everything that a leader takes over. */
export interface Inheritance {
  /** In the order of submission. */
  readonly tasks: readonly StoredTask[];
  readonly stop: StoredStop | undefined;
}

/**
 * Where a leader keeps its tasks. Any number of leaders may share one; one of them leads, in an epoch of its own. Each
 * writing checks, in its own transaction, that the epoch still is the caller's, and rejects with `LEADER_STANDBY` when
 * it is not: a deposed leader can assign nothing. What is acknowledged is on the disk.
 */
export interface TaskStore {
  /** Leads from now on, if nobody does, or `holder` did: gives the new epoch. Whoever led before is deposed. */
  acquire(holder: string, forMs: number): Promise<number | undefined>;
  /** Gives the lead back, so that another may take it at once. */
  release(epoch: number): Promise<void>;
  inherit(epoch: number): Promise<Inheritance>;
  /**
   * Writes a batch, all of it or nothing, and leads for `forMs` more. Gives the claims that it had to leave out. Batches are
   * written in the order of the calls, and after one that could not be written none of that epoch is: the caller believes
   * what is not so.
   */
  commit(epoch: number, batch: Batch, forMs: number): Promise<readonly string[]>;
  latch(epoch: number, stop: StoredStop): Promise<void>;
  reset(
    epoch: number,
    stopId: string,
    by: { readonly actor: string; readonly reason: string; readonly at: number },
  ): Promise<void>;
  /** The latest entries of the audit, the latest first. */
  audit(limit: number): Promise<AuditEntry[]>;
  close(): Promise<void>;
}
