import type { Task } from "../gen/interlock/swarm/v1/swarm.js";

/** A task with what only the leader knows of it. Its `task` is never changed, only replaced. */
export interface Entry {
  readonly task: Task;
  /** The order of submission. */
  readonly sequence: number;
  /** The name of the submitter and its idempotency key; empty for none. */
  readonly key: string;
  /** The digest of the request for which the key was used. */
  readonly digest: string;
  /** The bytes for which the table counts it: `taskBytes` of its task. */
  bytes: number;
  /** Whether the store has the task already. */
  stored: boolean;
  /** Whether its payload stays within the stored task, however long it is: an earlier version has written it there. */
  readonly payloadWithin: boolean;
  /** The session of the worker that holds the task. */
  sessionId: string;
  /** When the lease expires if it is not extended, in milliseconds of the monotonic time. */
  expiresAt: number;
  /** Set for good when the store could not hold the task. Then the leader has dropped it. */
  unwritable: boolean;
  /** The worker that lost the last attempt or handed it back; any other worker has precedence. */
  avoid: string;
}
