import { type Task, TaskView } from "../gen/interlock/swarm/v1/swarm.js";

const nothing = new Uint8Array();

/** A task as a reader gets it: see `TaskView` in the proto file. */
export function inView(task: Task, view: TaskView): Task {
  if (view !== TaskView.TASK_VIEW_BASIC) return task;
  return { ...task, payload: nothing, result: nothing, checkpoint: nothing };
}
