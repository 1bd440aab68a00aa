import type { Task } from "../gen/interlock/swarm/v1/swarm.js";

/** A task and what only the leader knows of it. Its `task` is never changed, only replaced. */
export interface Entry {
  readonly task: Task;
  /** The order of submission. */
  readonly sequence: number;
  /** The submitter and his idempotency key; empty for none. */
  readonly key: string;
  /** What the key was used for. */
  readonly digest: string;
  /** Whether the store has it already. */
  stored: boolean;
  /** The session of the worker that has it. */
  sessionId: string;
  /** When its lease ends unless it is extended, in milliseconds since the epoch. */
  expiresAt: number;
  /** The worker that lost or handed back the last attempt; another one goes first. */
  avoid: string;
}
