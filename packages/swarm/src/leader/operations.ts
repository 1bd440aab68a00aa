import type { ListTasksRequest, SubmitTaskRequest, Task } from "../gen/interlock/swarm/v1/swarm.js";
import { TaskState } from "../gen/interlock/swarm/v1/swarm.js";
import { swarmError } from "../swarm-error.js";
import { isClosed, isHeld } from "../task-state.js";
import type { Allocator } from "./allocator.js";
import type { Entry } from "./entry.js";
import type { Journal } from "./journal.js";
import type { Roster } from "./roster.js";
import type { TaskTable } from "./task-table.js";

/** What operators may do with tasks. Each answer is on the disk before it is given. */
export interface Operations {
  /** Adds a task; without effect when one with the same idempotency key is there. */
  submit(submitter: string, request: SubmitTaskRequest): Promise<{ task: Task; created: boolean }>;
  get(taskId: string): Promise<Task>;
  list(request: ListTasksRequest): Promise<{ tasks: Task[]; nextPageToken: string }>;
  cancel(taskId: string, reason: string): Promise<Task>;
  pause(taskId: string): Promise<Task>;
  resume(taskId: string): Promise<Task>;
  /** The tasks that have changed since `cursor`; all of them, when the leader cannot tell any more. */
  since(cursor: string): { complete: boolean; tasks: Task[]; cursor: string };
}

export interface OperationsOptions {
  readonly table: TaskTable;
  readonly journal: Journal;
  readonly allocator: Allocator;
  readonly roster: Roster;
  /** Throws when this leader leads no longer. */
  readonly lead: () => void;
}

/** Creates the operators' side of a leader. */
export function createOperations({ table, journal, allocator, roster, lead }: OperationsOptions): Operations {
  /** Answers with the present state, once that is on the disk. */
  async function recorded<T>(answer: () => T): Promise<T> {
    lead();
    const value = answer();
    await journal.settled();
    return value;
  }

  function changeHeld(entry: Entry, state: TaskState): Task {
    const task = table.change(entry, { state });
    const session = roster.get(task.worker);
    if (session) allocator.remind(session);
    return task;
  }

  return {
    submit: (submitter, request) =>
      recorded(() => {
        const { entry, created } = table.submit(submitter, request);
        return { task: entry.task, created };
      }),
    get: (taskId) => recorded(() => table.get(taskId).task),
    list: (request) => recorded(() => table.list(request)),
    cancel: (taskId, reason) =>
      recorded(() => {
        const entry = table.get(taskId);
        if (entry.task.state === TaskState.TASK_STATE_CANCELED) return entry.task;
        if (isClosed(entry.task.state)) throw swarmError("TASK_CLOSED");
        return allocator.stop(entry, { state: TaskState.TASK_STATE_CANCELED, reason });
      }),
    pause: (taskId) =>
      recorded(() => {
        const entry = table.get(taskId);
        const { state } = entry.task;
        if (state === TaskState.TASK_STATE_PAUSED) return entry.task;
        if (!isHeld(state)) throw swarmError(isClosed(state) ? "TASK_CLOSED" : "TASK_NOT_HELD");
        return changeHeld(entry, TaskState.TASK_STATE_PAUSED);
      }),
    resume: (taskId) =>
      recorded(() => {
        const entry = table.get(taskId);
        if (entry.task.state !== TaskState.TASK_STATE_PAUSED) throw swarmError("TASK_NOT_PAUSED");
        return changeHeld(entry, TaskState.TASK_STATE_RUNNING);
      }),
    since(cursor) {
      if (!/^\d{0,19}$/.test(cursor)) throw swarmError("CURSOR_INVALID");
      const from = BigInt(cursor || "0");
      const complete = cursor === "" || from < table.forgottenTo || from > table.revision;
      const tasks = [...table.all()].filter(({ revision }) => complete || revision > from);
      tasks.sort((a, b) => (a.revision < b.revision ? -1 : 1));
      return { complete, tasks, cursor: String(table.revision) };
    },
  };
}
