import { beginLinkedSpan } from "@interlock/bot/internal";
import { type Task, TaskState } from "../gen/interlock/swarm/v1/swarm.js";
import { taskStateName } from "../task-state.js";

const failures: ReadonlySet<TaskState> = new Set([TaskState.TASK_STATE_FAILED, TaskState.TASK_STATE_REJECTED]);

/**
 * Makes the span of a task that has been closed: from its submission, to which it is linked, to its result. Any leader can make it,
 * after a fail-over as well. Nothing happens without an SDK of OpenTelemetry, and for a task whose submission was not traced.
 */
export function traceTask(task: Task): void {
  const { taskId, kind, traceparent, submittedAt: startTime, submittedBy, state, attempt, worker } = task;
  if (traceparent === "") return;
  const attributes = {
    "interlock.task.id": taskId,
    "interlock.task.kind": kind,
    "interlock.task.submitted_by": submittedBy,
  };
  const span = beginLinkedSpan({ name: `task ${kind}`, kind: "internal", traceparent, attributes, startTime });
  const name = taskStateName(state);
  const isError = failures.has(state);
  span?.end(
    {
      "interlock.task.state": name,
      "interlock.task.attempt": attempt,
      ...(worker !== "" && { "interlock.task.worker": worker }),
      ...(isError && { "error.type": name }),
    },
    isError,
  );
}
