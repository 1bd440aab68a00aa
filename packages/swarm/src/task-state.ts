import { TaskState } from "./gen/interlock/swarm/v1/swarm.js";

const {
  TASK_STATE_SUBMITTED: submitted,
  TASK_STATE_ASSIGNED: assigned,
  TASK_STATE_ACCEPTED: accepted,
  TASK_STATE_RUNNING: running,
  TASK_STATE_PAUSED: paused,
  TASK_STATE_COMPLETED: completed,
  TASK_STATE_FAILED: failed,
  TASK_STATE_CANCELED: canceled,
  TASK_STATE_REJECTED: rejected,
} = TaskState;

/** The complete table of allowed transitions. A state that nothing follows is closed. */
const transitions = new Map<TaskState, readonly TaskState[]>([
  [submitted, [assigned, failed, canceled]],
  // SUBMITTED follows only as the next attempt, after the worker was lost, failed, or handed the task back.
  [assigned, [accepted, running, paused, completed, failed, canceled, rejected, submitted]],
  [accepted, [running, paused, completed, failed, canceled, rejected, submitted]],
  [running, [running, paused, completed, failed, canceled, rejected, submitted]],
  [paused, [paused, running, completed, failed, canceled, rejected, submitted]],
  [completed, []],
  [failed, []],
  [canceled, []],
  [rejected, []],
]);

/** Whether a task may go from one state to another. */
export function mayFollow(from: TaskState, to: TaskState): boolean {
  return transitions.get(from)?.includes(to) ?? false;
}

/**
 * Whether a task in this state is closed: it never changes again.
 *
 * @param state - The state of a task.
 * @returns True for COMPLETED, FAILED, CANCELED and REJECTED.
 * @example
 * ```ts
 * if (isClosed(task.state)) console.log(task.reason);
 * ```
 */
export function isClosed(state: TaskState): boolean {
  return transitions.get(state)?.length === 0;
}

/** Whether a worker has the task in hand in this state. */
export function isHeld(state: TaskState): boolean {
  return transitions.get(state)?.includes(submitted) ?? false;
}

const names = new Map<TaskState, string>(
  Object.entries(TaskState).map(([name, state]) => [state, name.replace("TASK_STATE_", "")]),
);

/**
 * The name of a state for people, without its prefix.
 *
 * @param state - The state of a task.
 * @returns For example `COMPLETED`; `UNRECOGNIZED` for a state of a later version.
 * @example
 * ```ts
 * console.log(taskStateName(TaskState.TASK_STATE_COMPLETED)); // COMPLETED
 * ```
 */
export function taskStateName(state: TaskState): string {
  return names.get(state) ?? "UNRECOGNIZED";
}
