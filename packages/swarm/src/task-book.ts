import { createHash } from "node:crypto";
import type { Clock } from "@interlock/bot";
import {
  type Lease,
  type ListTasksRequest,
  SubmitTaskRequest,
  Task,
  TaskState,
} from "./gen/interlock/swarm/v1/swarm.js";
import { swarmError } from "./swarm-error.js";
import { isClosed, mayFollow } from "./task-state.js";

/** A task and what only the leader knows of it. Its `task` is never changed, only replaced. */
export interface Entry {
  readonly task: Task;
  /** Whoever may report on it; once it is closed, whoever closed it. */
  lease?: Lease | undefined;
  /** Where the last attempt left off. */
  checkpoint: Uint8Array;
  /** The worker that lost or handed back the last attempt; another one goes first. */
  avoid?: string;
}

/** Every task there is, in the order of submission. */
export interface TaskBook {
  submit(submitter: string, request: SubmitTaskRequest): { task: Task; created: boolean };
  find(taskId: string): Entry | undefined;
  /** The tasks that wait for a worker. */
  pending(): Iterable<Task>;
  /** The open tasks with a deadline that has passed. */
  overdue(): Entry[];
  all(): Iterable<Task>;
  list(request: ListTasksRequest): { tasks: Task[]; nextPageToken: string };
  /** Changes a task; a change of state that is not in the table is a bug here and throws. */
  change(entry: Entry, change: Partial<Task>): Task;
}

export interface TaskBookOptions {
  readonly clock: Clock;
  readonly newId: () => string;
  /** More open tasks than this are refused. */
  readonly maximumOpen: number;
  /** So many closed tasks are remembered, the latest. */
  readonly keepClosed: number;
  readonly onChange: (task: Task) => void;
}

interface Row extends Entry {
  task: Task;
  readonly sequence: number;
  readonly key: string;
  readonly digest: string;
}

/** A task book in memory. */
export function createTaskBook({ clock, newId, maximumOpen, keepClosed, onChange }: TaskBookOptions): TaskBook {
  const rows = new Map<string, Row>();
  const pending = new Map<string, Task>();
  const timed = new Set<Row>();
  const closed = new Set<Row>();
  const byKey = new Map<string, Row>();
  let sequence = 0;

  function put(row: Row, task: Task): Task {
    row.task = task;
    const { taskId, state } = task;
    if (state === TaskState.TASK_STATE_SUBMITTED) pending.set(taskId, task);
    else pending.delete(taskId);
    if (isClosed(state)) {
      timed.delete(row);
      closed.add(row);
      if (closed.size > keepClosed) forget(closed);
    }
    onChange(task);
    return task;
  }

  function forget([oldest]: Set<Row>): void {
    if (!oldest) return;
    closed.delete(oldest);
    rows.delete(oldest.task.taskId);
    byKey.delete(oldest.key);
  }

  return {
    submit(submitter, request) {
      if (request.kind === "") throw swarmError("KIND_MISSING");
      if (request.idempotencyKey.length > 128) throw swarmError("IDEMPOTENCY_KEY_TOO_LONG");
      const key = request.idempotencyKey && `${submitter}\n${request.idempotencyKey}`;
      const digest = key && createHash("sha256").update(SubmitTaskRequest.encode(request).finish()).digest("base64");
      const known = byKey.get(key);
      if (known && known.digest !== digest) throw swarmError("IDEMPOTENCY_KEY_REUSED");
      if (known) return { task: known.task, created: false };
      if (rows.size - closed.size >= maximumOpen) throw swarmError("TASK_LIMIT");

      const { kind, payload, requiredCapabilities, priority, deadline } = request;
      const now = new Date(clock.now());
      const task = Task.fromPartial({
        ...{ taskId: newId(), kind, payload, requiredCapabilities, priority, deadline },
        fairnessKey: request.fairnessKey || submitter,
        submittedBy: submitter,
        ...{ submittedAt: now, updatedAt: now, state: TaskState.TASK_STATE_SUBMITTED, attempt: 1 },
      });
      const row: Row = { task, key, digest, sequence: ++sequence, checkpoint: new Uint8Array() };
      rows.set(task.taskId, row);
      if (key) byKey.set(key, row);
      if (deadline) timed.add(row);
      return { task: put(row, task), created: true };
    },
    find: (taskId) => rows.get(taskId),
    pending: () => pending.values(),
    overdue: () => [...timed].filter(({ task }) => (task.deadline?.getTime() ?? Infinity) <= clock.now()),
    *all() {
      for (const row of rows.values()) yield row.task;
    },
    list({ states, pageSize, pageToken }) {
      if (!/^\d{0,15}$/.test(pageToken)) throw swarmError("PAGE_TOKEN_INVALID");
      const size = pageSize > 0 ? Math.min(pageSize, 1000) : 100;
      const page: Row[] = [];
      for (const row of rows.values()) {
        if (row.sequence <= Number(pageToken) || (states.length > 0 && !states.includes(row.task.state))) continue;
        page.push(row);
        if (page.length > size) break; // One more than fits: there is another page.
      }
      const more = page.length > size && page.pop() !== undefined;
      return { tasks: page.map(({ task }) => task), nextPageToken: more ? String(page.at(-1)?.sequence) : "" };
    },
    change(entry, change) {
      const row = entry as Row;
      const { state } = row.task;
      if (change.state !== undefined && !mayFollow(state, change.state)) {
        throw new TypeError(`task ${row.task.taskId} cannot go from state ${state} to ${change.state}`);
      }
      return put(row, { ...row.task, ...change, updatedAt: new Date(clock.now()) });
    },
  };
}
