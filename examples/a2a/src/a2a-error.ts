import { type Code, InterlockError } from "@interlock/bot";

const domain = "a2a-protocol.org";

/** The errors of A2A that this agent answers with: their codes of gRPC, and what they say (A2A 1.0, section 5.4). */
const errors = {
  TASK_NOT_FOUND: ["NOT_FOUND", "There is no such task of yours."],
  TASK_NOT_CANCELABLE: ["FAILED_PRECONDITION", "The task is closed already."],
  UNSUPPORTED_OPERATION: ["UNIMPLEMENTED", "This agent does not offer that."],
  PUSH_NOTIFICATION_NOT_SUPPORTED: ["UNIMPLEMENTED", "This agent notifies nobody: subscribe to the task."],
} as const satisfies Record<string, readonly [Code, string]>;

/** Makes an error of A2A, which the official clients know by its reason. */
export function a2aError(reason: keyof typeof errors): InterlockError {
  const [code, message] = errors[reason];
  return new InterlockError(code, message, { reason, domain });
}

/**
 * The answer to a caller for an error of the swarm. What another bot answered does not pass through a handler by itself: the swarm
 * speaks to this agent, and not to strangers.
 */
export function ofSwarm(thrown: unknown): InterlockError {
  const error = InterlockError.from(thrown);
  const { code, reason } = error;
  if (reason === "TASK_UNKNOWN" || reason === "FIELD_INVALID") return a2aError("TASK_NOT_FOUND");
  if (reason === "TASK_CLOSED") return a2aError("TASK_NOT_CANCELABLE");
  if (reason === "IDEMPOTENCY_KEY_REUSED") {
    return new InterlockError("ALREADY_EXISTS", "The messageId was used for another message.", { cause: error });
  }
  if (code === "RESOURCE_EXHAUSTED") {
    return new InterlockError(code, "There is too much to do: order again later.", { cause: error });
  }
  return error;
}
