import { TaskState as SwarmState, type Task as SwarmTask } from "@interlock/swarm";
import { type Artifact, Role, type Task, TaskState, type TaskStatus } from "./gen/lf/a2a/v1/a2a.js";
import { orderOf } from "./order.js";

const states = new Map<SwarmState, TaskState>([
  [SwarmState.TASK_STATE_SUBMITTED, TaskState.TASK_STATE_SUBMITTED],
  [SwarmState.TASK_STATE_COMPLETED, TaskState.TASK_STATE_COMPLETED],
  [SwarmState.TASK_STATE_FAILED, TaskState.TASK_STATE_FAILED],
  [SwarmState.TASK_STATE_CANCELED, TaskState.TASK_STATE_CANCELED],
  [SwarmState.TASK_STATE_REJECTED, TaskState.TASK_STATE_REJECTED],
]);

/** A task of the swarm, as A2A has it. */
export function a2aTask(task: SwarmTask): Task {
  const { contextId } = orderOf(task);
  const artifact = artifactOf(task);
  return {
    id: task.taskId,
    contextId,
    status: statusOf(task),
    artifacts: artifact ? [artifact] : [],
    history: [],
    metadata: undefined,
  };
}

/** The status of a task: what the worker says of its progress, or why the task is closed. */
export function statusOf(task: SwarmTask): TaskStatus {
  const text = task.reason || task.progress?.stage || "";
  return {
    state: states.get(task.state) ?? TaskState.TASK_STATE_WORKING,
    timestamp: task.updatedAt,
    message:
      text === ""
        ? undefined
        : {
            messageId: `${task.taskId}-${task.revision}`,
            contextId: orderOf(task).contextId,
            taskId: task.taskId,
            role: Role.ROLE_AGENT,
            parts: [textPart(text)],
            metadata: undefined,
            extensions: [],
            referenceTaskIds: [],
          },
  };
}

/** The result of a task; nothing while there is none. */
export function artifactOf(task: SwarmTask): Artifact | undefined {
  if (task.state !== SwarmState.TASK_STATE_COMPLETED) return undefined;
  const text = Buffer.from(task.result).toString();
  return {
    artifactId: "result",
    name: orderOf(task).skill,
    description: "",
    parts: [textPart(text)],
    metadata: undefined,
    extensions: [],
  };
}

function textPart(text: string) {
  return {
    content: { $case: "text" as const, value: text },
    metadata: undefined,
    filename: "",
    mediaType: "text/plain",
  };
}
