import { type Code, InterlockError } from "@interlock/bot";

/** The `domain` of the reasons in {@link swarmReasons}. */
export const swarmDomain = "swarm.interlock";

/** The closed list of reasons for which the swarm refuses something, each with its gRPC code and its message. */
export const swarmReasons = {
  // Operators.
  KIND_MISSING: ["INVALID_ARGUMENT", "A task needs a kind."],
  IDEMPOTENCY_KEY_TOO_LONG: ["INVALID_ARGUMENT", "An idempotency key has at most 128 characters."],
  IDEMPOTENCY_KEY_REUSED: ["ALREADY_EXISTS", "The idempotency key was used for a different task."],
  PAGE_TOKEN_INVALID: ["INVALID_ARGUMENT", "The page token does not come from this swarm."],
  CURSOR_INVALID: ["INVALID_ARGUMENT", "The cursor does not come from this swarm."],
  TASK_UNKNOWN: ["NOT_FOUND", "There is no such task."],
  TASK_CLOSED: ["FAILED_PRECONDITION", "The task is closed."],
  TASK_NOT_HELD: ["FAILED_PRECONDITION", "No worker has the task."],
  TASK_NOT_PAUSED: ["FAILED_PRECONDITION", "The task is not paused."],
  TASK_LIMIT: ["RESOURCE_EXHAUSTED", "There are too many open tasks."],
  WORKER_UNKNOWN: ["NOT_FOUND", "There is no such worker."],
  WATCHER_SLOW: ["RESOURCE_EXHAUSTED", "The watcher reads too slowly."],

  // Workers.
  SESSION_EXPECTED: ["FAILED_PRECONDITION", "The first message, and only the first, is a Session."],
  BATCH_INVALID: ["INVALID_ARGUMENT", "A batch has too many messages, or contains another batch."],
  LEASES_TOO_MANY: ["INVALID_ARGUMENT", "A worker has at most a thousand tasks in hand."],
  SESSION_REPLACED: ["ABORTED", "A newer session of the same bot has taken over."],
  SESSION_SLOW: ["RESOURCE_EXHAUSTED", "The worker reads too slowly."],
  WORKER_LOST: ["ABORTED", "The worker was silent for too long; its tasks are given to others."],
  LEASE_STALE: ["FAILED_PRECONDITION", "The task has been given to another attempt."],
  TASK_NOT_ASSIGNED: ["PERMISSION_DENIED", "The task was not assigned to this worker."],

  // The emergency stop.
  STOP_UNKNOWN: ["FAILED_PRECONDITION", "That emergency stop is not in force."],
  STOP_OUTCOME_INVALID: ["INVALID_ARGUMENT", "The outcome of a stop is either ACKNOWLEDGED or FAILED."],

  // Everything.
  LEADER_STANDBY: ["UNAVAILABLE", "This leader does not lead at the moment; ask another one, or ask again."],
} as const satisfies Record<string, readonly [Code, string]>;

/** A reason for which the swarm refuses something, as in {@link swarmReasons}. */
export type SwarmReason = keyof typeof swarmReasons;

/** Creates the error for one of the swarm's own reasons. */
export function swarmError(reason: SwarmReason, cause?: unknown): InterlockError {
  const [code, meaning] = swarmReasons[reason];
  return new InterlockError(code, meaning, { reason, domain: swarmDomain, cause });
}

/** Whether an error has one of the swarm's own reasons. */
export function isSwarmError(error: unknown): error is InterlockError & { readonly reason: SwarmReason } {
  return error instanceof InterlockError && error.domain === swarmDomain;
}
