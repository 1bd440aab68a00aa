import { TaskState, type WorkerState } from "../gen/interlock/swarm/v1/swarm.js";
import type { Roster } from "./roster.js";
import type { TaskTable } from "./task-table.js";

/** How much a leader has in hand. */
export interface Tally {
  /** The tasks that it knows, by state; a state without one is absent. */
  readonly tasks: ReadonlyMap<TaskState, number>;
  /** The workers that it knows, by state. */
  readonly workers: ReadonlyMap<WorkerState, number>;
  /** When the task was submitted that waits longest, in milliseconds since the epoch; undefined when none waits. */
  readonly waitingSince: number | undefined;
}

/** Counts tasks and workers. It looks at each task once: a millisecond for the default limits of a table. */
export function tallyOf(table: Pick<TaskTable, "entries">, roster: Roster): Tally {
  const tasks = new Map<TaskState, number>();
  let waitingSince: number | undefined;
  for (const { task } of table.entries()) {
    tasks.set(task.state, (tasks.get(task.state) ?? 0) + 1);
    if (task.state === TaskState.TASK_STATE_SUBMITTED) waitingSince ??= task.submittedAt?.getTime(); // In their order.
  }
  const workers = new Map<WorkerState, number>();
  for (const { state } of roster.values()) workers.set(state, (workers.get(state) ?? 0) + 1);
  return { tasks, workers, waitingSince };
}
