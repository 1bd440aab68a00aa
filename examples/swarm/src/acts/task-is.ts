import { type Task, TaskState } from "@interlock/swarm";

export function isCompleted({ state }: Task): boolean {
  return state === TaskState.TASK_STATE_COMPLETED;
}

/** Whether a robot has the item on board: a checkpoint records its place for the next attempt. */
export function isLoaded({ state, checkpoint }: Task): boolean {
  return state === TaskState.TASK_STATE_RUNNING && checkpoint.length > 0;
}
