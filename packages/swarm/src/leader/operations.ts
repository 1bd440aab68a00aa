import type { CancelTasksRequest, ListTasksRequest, SubmitTaskRequest, Task } from "../gen/interlock/swarm/v1/swarm.js";
import { TaskState, TaskView } from "../gen/interlock/swarm/v1/swarm.js";
import { fieldError, swarmError } from "../swarm-error.js";
import { isClosed, isHeld } from "../task-state.js";
import { storableText } from "../text.js";
import type { Allocator } from "./allocator.js";
import { check } from "./check.js";
import type { Entry } from "./entry.js";
import type { Journal } from "./journal.js";
import { canceledAtOnce, type Limits, reasonKept } from "./limits.js";
import { cancelTaskRules, cancelTasksRules, listTasksRules, submitTaskRules, taskIdRules } from "./request-rules.js";
import type { Roster } from "./roster.js";
import type { TaskTable } from "./task-table.js";

/** What operators may do with tasks. Each request is checked before anything else; each answer is on the disk before it is given. */
export interface Operations {
  /**
   * Adds a task; without effect when one with the same idempotency key is there.
   *
   * @param traceparent - Of the span of the submission. Default: empty.
   */
  submit(
    submitter: string,
    request: SubmitTaskRequest,
    traceparent?: string,
  ): Promise<{ task: Task; created: boolean }>;
  get(taskId: string): Promise<Task>;
  list(request: ListTasksRequest): Promise<{ tasks: Task[]; nextPageToken: string }>;
  cancel(taskId: string, reason: string): Promise<Task>;
  /** Closes the open tasks that a filter selects, at most 1,000 at a time. */
  cancelAll(request: CancelTasksRequest): Promise<{ canceled: number; more: boolean }>;
  pause(taskId: string): Promise<Task>;
  resume(taskId: string): Promise<Task>;
  /**
   * The tasks that have changed since `cursor`; all of them, when the leader cannot tell any more. Each of the pages may be
   * told once everything before is on the disk. They may have changes after the `cursor` that is given.
   */
  since(cursor: string, wanted?: (task: Task) => boolean, view?: TaskView): TasksSince;
}

export interface TasksSince {
  readonly complete: boolean;
  readonly pages: Iterable<readonly Task[]>;
  /** The cursor from which to continue after the last page. */
  readonly cursor: string;
}

export interface OperationsOptions {
  readonly table: TaskTable;
  readonly journal: Journal;
  readonly allocator: Allocator;
  readonly roster: Roster;
  readonly limits: Limits;
  /** Throws when this leader leads no longer. */
  readonly lead: () => void;
}

/** Creates the operators' side of a leader. */
export function createOperations(options: OperationsOptions): Operations {
  const { table, journal, allocator, roster, limits, lead } = options;
  const submitRules = submitTaskRules(limits);

  /** Answers with the task of an entry as it is now, once that is on the disk. */
  async function recorded(change: () => Pick<Entry, "task" | "unwritable">): Promise<Task> {
    lead();
    const entry = change();
    const { task } = entry;
    await journal.settled();
    if (entry.unwritable) throw swarmError("TASK_UNWRITABLE");
    return task;
  }

  /** Finds a task, changes it, and answers like {@link recorded}. */
  async function changed(taskId: string, change: (entry: Entry) => void): Promise<Task> {
    check({ taskId }, taskIdRules);
    return recorded(() => {
      const entry = table.get(taskId);
      change(entry);
      return entry;
    });
  }

  function changeHeld(entry: Entry, state: TaskState): void {
    const { worker } = table.change(entry, { state });
    const session = roster.get(worker);
    if (session) allocator.remind(session);
  }

  return {
    async submit(submitter, request, traceparent = "") {
      check(request, submitRules);
      let created = false;
      const task = await recorded(() => {
        const submitted = table.submit(submitter, request, traceparent);
        created = submitted.created;
        return submitted.entry;
      });
      return { task, created };
    },
    get: (taskId) => changed(taskId, () => {}),
    async list(request) {
      check(request, listTasksRules);
      lead();
      const page = table.list(request);
      await journal.settled();
      return page;
    },
    async cancel(taskId, reason) {
      check({ taskId, reason }, cancelTaskRules);
      return changed(taskId, (entry) => {
        const { state } = entry.task;
        if (state === TaskState.TASK_STATE_CANCELED) return;
        if (isClosed(state)) throw swarmError("TASK_CLOSED");
        allocator.stop(entry, { state: TaskState.TASK_STATE_CANCELED, reason: storableText(reason, reasonKept) });
      });
    },
    async cancelAll(request) {
      check(request, cancelTasksRules);
      const { submittedBy, kind, states, reason } = request;
      if (submittedBy === "" && kind === "" && states.length === 0) {
        throw fieldError("submitted_by", "is empty, and so are kind and states: say which tasks to cancel");
      }
      lead();
      const change = { state: TaskState.TASK_STATE_CANCELED, reason: storableText(reason, reasonKept) };
      let canceled = 0;
      let more = false;
      for (const entry of table.entries()) {
        const { task } = entry;
        if (isClosed(task.state) || (states.length > 0 && !states.includes(task.state))) continue;
        if ((submittedBy && task.submittedBy !== submittedBy) || (kind && task.kind !== kind)) continue;
        more = canceled === canceledAtOnce;
        if (more) break;
        allocator.stop(entry, change);
        canceled++;
      }
      await journal.settled();
      return { canceled, more };
    },
    pause: (taskId) =>
      changed(taskId, (entry) => {
        allocator.withdraw(entry); // What a worker has ahead is held by none yet.
        const { state } = entry.task;
        if (state === TaskState.TASK_STATE_PAUSED) return;
        if (!isHeld(state)) throw swarmError(isClosed(state) ? "TASK_CLOSED" : "TASK_NOT_HELD");
        changeHeld(entry, TaskState.TASK_STATE_PAUSED);
      }),
    resume: (taskId) =>
      changed(taskId, (entry) => {
        if (entry.task.state !== TaskState.TASK_STATE_PAUSED) throw swarmError("TASK_NOT_PAUSED");
        changeHeld(entry, TaskState.TASK_STATE_RUNNING);
      }),
    since(cursor, wanted = () => true, view = TaskView.TASK_VIEW_FULL) {
      if (!/^\d{0,19}$/.test(cursor)) throw swarmError("CURSOR_INVALID");
      const from = BigInt(cursor || "0");
      const complete = cursor === "" || from < table.forgottenTo || from > table.revision;
      return { complete, pages: table.pages(complete ? -1n : from, wanted, view), cursor: String(table.revision) };
    },
  };
}
