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

/** Which state may follow which: all that is allowed, and nothing else is. A state that nothing follows is closed. */
const transitions = new Map<TaskState, readonly TaskState[]>([
  [submitted, [assigned, failed, canceled]],
  // Back to SUBMITTED only as the next attempt, when the worker is lost, fails, or hands the task back.
  [assigned, [accepted, running, paused, completed, failed, canceled, rejected, submitted]],
  [accepted, [running, paused, completed, failed, canceled, rejected, submitted]],
  [running, [running, paused, completed, failed, canceled, rejected, submitted]],
  [paused, [paused, running, completed, failed, canceled, rejected, submitted]],
  [completed, []],
  [failed, []],
  [canceled, []],
  [rejected, []],
]);

/** Whether a task may go from one state to the other. */
export function mayFollow(from: TaskState, to: TaskState): boolean {
  return transitions.get(from)?.includes(to) ?? false;
}

/** Whether the task is over, one way or another. */
export function isClosed(state: TaskState): boolean {
  return transitions.get(state)?.length === 0;
}

/** Whether a worker has the task in hand. */
export function isHeld(state: TaskState): boolean {
  return transitions.get(state)?.includes(submitted) ?? false;
}

const names = new Map<TaskState, string>(
  Object.entries(TaskState).map(([name, state]) => [state, name.replace("TASK_STATE_", "")]),
);

/** What a state is called, for people: `COMPLETED`. */
export function taskStateName(state: TaskState): string {
  return names.get(state) ?? "UNRECOGNIZED";
}
