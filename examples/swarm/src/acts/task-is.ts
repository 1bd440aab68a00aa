import { type Task, TaskState } from "@interlock/swarm";

export function isCompleted({ state }: Task): boolean {
  return state === TaskState.TASK_STATE_COMPLETED;
}

/** Whether a robot has the item on board: its place has been recorded for whoever goes on. */
export function isLoaded({ state, checkpoint }: Task): boolean {
  return state === TaskState.TASK_STATE_RUNNING && checkpoint.length > 0;
}
