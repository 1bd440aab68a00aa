import { type Code, InterlockError } from "@interlock/bot";

/** The `domain` of the reasons in {@link swarmReasons}. */
export const swarmDomain = "swarm.interlock";

/** The closed list of reasons for which the swarm refuses something, each with its gRPC code and its message. */
export const swarmReasons = {
  // Every request.
  FIELD_INVALID: ["INVALID_ARGUMENT", "A field of the request has a value that the swarm does not take."],
  QUOTA_EXCEEDED: ["RESOURCE_EXHAUSTED", "The caller has used up its share."],

  // Operators.
  KIND_MISSING: ["INVALID_ARGUMENT", "A task needs a kind."],
  IDEMPOTENCY_KEY_REUSED: ["ALREADY_EXISTS", "The idempotency key was used for a different task."],
  PAGE_TOKEN_INVALID: ["INVALID_ARGUMENT", "The page token does not come from this swarm."],
  CURSOR_INVALID: ["INVALID_ARGUMENT", "The cursor does not come from this swarm."],
  TASK_UNKNOWN: ["NOT_FOUND", "There is no such task."],
  TASK_CLOSED: ["FAILED_PRECONDITION", "The task is closed."],
  TASK_NOT_HELD: ["FAILED_PRECONDITION", "No worker has the task."],
  TASK_NOT_PAUSED: ["FAILED_PRECONDITION", "The task is not paused."],
  TASK_LIMIT: ["RESOURCE_EXHAUSTED", "There are too many open tasks, or they are too large together."],
  TASK_UNWRITABLE: ["INVALID_ARGUMENT", "The store cannot hold what the task contains."],
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
  RESULT_TOO_LARGE: ["INVALID_ARGUMENT", "The result is larger than the leader takes."],
  CHECKPOINT_TOO_LARGE: ["INVALID_ARGUMENT", "The checkpoint is larger than the leader takes."],
  REPORTS_REFUSED: ["RESOURCE_EXHAUSTED", "Too many of the worker's reports were refused."],
  MESSAGES_TOO_MANY: ["RESOURCE_EXHAUSTED", "The worker sends more than the leader takes."],
  CAPABILITY_NOT_GRANTED: ["PERMISSION_DENIED", "The worker offers a capability that it is not granted."],
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

/** Creates the error for a field of a request, by its name in the proto: `FIELD_INVALID`. */
export function fieldError(field: string, problem: string): InterlockError {
  const [code] = swarmReasons.FIELD_INVALID;
  const metadata = { field };
  return new InterlockError(code, `The field ${field} ${problem}.`, {
    reason: "FIELD_INVALID" satisfies SwarmReason,
    domain: swarmDomain,
    metadata,
  });
}

/** Creates the error for a caller that has used up its share: `QUOTA_EXCEEDED`. `quota` says of what, `limit` how much. */
export function quotaError(quota: string, limit: number, what: string): InterlockError {
  const [code] = swarmReasons.QUOTA_EXCEEDED;
  return new InterlockError(code, `${what}: at most ${limit.toLocaleString("en")}.`, {
    reason: "QUOTA_EXCEEDED" satisfies SwarmReason,
    domain: swarmDomain,
    metadata: { quota, limit: String(limit) },
  });
}
