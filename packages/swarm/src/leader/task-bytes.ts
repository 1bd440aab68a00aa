import type { Task } from "../gen/interlock/swarm/v1/swarm.js";

// For the fields of a fixed size, in a task and in one of its earlier attempts.
const each = 256;
// UTF-8 has at most three bytes for each character of JavaScript.
const perCharacter = 3;

/** How many bytes a task has at most, in a message and about as many in memory. */
export function taskBytes(task: Task): number {
  const { payload, result, checkpoint, requiredCapabilities, earlierAttempts } = task;
  let characters = task.kind.length + task.fairnessKey.length + task.submittedBy.length + task.worker.length;
  characters += task.traceparent.length + task.taskId.length + task.reason.length + (task.progress?.stage.length ?? 0);
  for (const capability of requiredCapabilities) characters += capability.length + 2;
  for (const { worker, reason } of earlierAttempts) characters += worker.length + reason.length;
  const fixed = each * (1 + earlierAttempts.length);
  return fixed + payload.length + result.length + checkpoint.length + perCharacter * characters;
}
