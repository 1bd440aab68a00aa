import { createHash } from "node:crypto";
import type { Clock } from "@interlock/bot";
import { monotonicOf } from "@interlock/bot/internal";
import {
  type ListTasksRequest,
  SubmitTaskRequest,
  Task,
  TaskState,
  type TaskView,
} from "../gen/interlock/swarm/v1/swarm.js";
import { swarmError } from "../swarm-error.js";
import { isClosed, mayFollow } from "../task-state.js";
import type { Entry } from "./entry.js";
import type { ForgottenKeys, ForgottenTask } from "./forgotten-keys.js";
import type { Journal } from "./journal.js";
import { type Limits, pageBytes, pageTasks, passedAtOnce, updateBytes } from "./limits.js";
import type { Quotas } from "./quotas.js";
import { longestRetryMs } from "./retry-delay.js";
import { taskBytes } from "./task-bytes.js";
import { inView } from "./task-view.js";
import { createWaitingList, type WaitingList } from "./waiting-list.js";

/**
 * Every task that the leader knows, in the order of submission. Bounds: `maximumOpen` open tasks of `openBytes` together;
 * `keepClosed` closed ones of `closedBytes` together, and up to a twentieth more. The idempotency keys of those that are
 * forgotten are kept longer: `forgotten-keys.ts`.
 */
export interface TaskTable {
  /** Adds a task, or finds the one that has the same idempotency key. */
  submit(submitter: string, request: SubmitTaskRequest, traceparent: string): Submitted;
  /** The entry of a task, if there is one. */
  find(taskId: string): Entry | undefined;
  /** The entry of a task; throws `TASK_UNKNOWN` when there is none. */
  get(taskId: string): Entry;
  /** Every entry, in the order of submission. Entries may be changed on the way. */
  entries(): Iterable<Entry>;
  /**
   * The tasks, in the order of submission, that have changed after the revision `from`: in pages, between which others may
   * get their turn. Tasks that are submitted meanwhile are not among them.
   */
  pages(from: bigint, wanted: (task: Task) => boolean, view: TaskView): Iterable<readonly Task[]>;
  /** Whether open tasks may become longer by so many bytes. */
  hasRoom(bytes: number): boolean;
  list(request: ListTasksRequest): { tasks: Task[]; nextPageToken: string };
  /** The tasks that wait for a worker and may be given out now. */
  readonly waiting: WaitingList;
  /** Puts the tasks whose time to be tried again has come among the waiting; gives the open ones whose deadline has passed. */
  due(): Entry[];
  /**
   * Changes a task. Throws when the change of state is not in the table of states: that is a bug in this package. A change
   * that is not `urgent` may be written, and announced, a little later.
   */
  change(entry: Entry, change: Partial<Task>, urgent?: boolean): Task;
  /** Reverts a change that was never written. */
  undo(entry: Entry, task: Task): void;
  /** Drops a task that the store could not hold. */
  drop(entry: Entry): void;
  /** The revision up to which closed tasks have been forgotten. */
  readonly forgottenTo: bigint;
  /** The latest revision. */
  readonly revision: bigint;
}

/** A task that was submitted, now or before. */
export interface Submitted {
  /** Of a task that is no longer kept, only what its request says, and its id and state. */
  readonly entry: Pick<Entry, "task" | "unwritable">;
  readonly created: boolean;
}

export interface TaskTableOptions {
  readonly clock: Clock;
  readonly newId: () => string;
  readonly nextRevision: () => bigint;
  readonly journal: Journal;
  /** The tasks of earlier leaders, in the order of submission. */
  readonly entries: readonly Entry[];
  readonly quotas: Quotas;
  readonly keys: ForgottenKeys;
  readonly limits: Pick<Limits, "openBytes" | "closedBytes">;
  readonly maximumOpen: number;
  readonly keepClosed: number;
  readonly maximumAttempts: number;
  readonly weightOf: (fairnessKey: string) => number;
  readonly oldestShare: number;
  /** Takes each change once it is on the disk, in the order of the revisions. */
  readonly onChange: (task: Task) => void;
}

type Row = { -readonly [K in keyof Entry]: Entry[K] };

const attemptsAtMost = 1_000;

/** What can still be said of a task that is no longer kept. */
function restated(submitter: string, request: SubmitTaskRequest, { taskId, state }: ForgottenTask): Task {
  const { kind, payload, requiredCapabilities, priority, deadline } = request;
  const fairnessKey = request.fairnessKey || submitter;
  const told = { taskId, state, kind, payload, requiredCapabilities, priority, deadline, fairnessKey };
  return Task.fromPartial({ ...told, submittedBy: submitter, reason: "TASK_FORGOTTEN" });
}

/** Creates a table with the tasks of earlier leaders. */
export function createTaskTable(options: TaskTableOptions): TaskTable {
  const { clock, newId, nextRevision, journal, quotas, keys, limits, maximumOpen, keepClosed, maximumAttempts } =
    options;
  const { onChange } = options;
  const steady = monotonicOf(clock);
  const rows = new Map<string, Row>();
  const waiting = createWaitingList(options.weightOf, options.oldestShare);
  /** When each of them is tried again, by the monotonic time. */
  const delayed = new Map<Row, number>();
  const timed = new Set<Row>();
  const closed = new Set<Row>();
  const byKey = new Map<string, Row>();
  // Closed tasks are forgotten many at a time: on the way to its first entry a `Set` passes over its deleted ones.
  const slack = Math.floor(keepClosed / 20);
  let forgottenTo = 0n;
  let revision = 0n;
  let openBytes = 0;
  let closedBytes = 0;

  for (const entry of options.entries) {
    add(entry);
    count(entry.task.state, entry.bytes);
    if (!isClosed(entry.task.state)) quotas.opened(entry.task);
  }
  for (const row of [...closed].sort((a, b) => Number(a.task.revision - b.task.revision))) {
    closed.delete(row); // Sorts them into the order in which they were closed.
    closed.add(row);
  }
  // Earlier leaders forgot in the same order, so all tasks that they forgot are older than the oldest that is left.
  const [oldestClosed] = closed;
  if (oldestClosed && closed.size >= keepClosed) forgottenTo = oldestClosed.task.revision - 1n;

  function add(row: Row): void {
    rows.set(row.task.taskId, row);
    if (row.key) byKey.set(row.key, row);
    if (row.task.deadline) timed.add(row);
    if (row.task.revision > revision) revision = row.task.revision;
    sort(row, row.task.state);
  }

  /** Counts so many bytes more, or less, for a task in this state. */
  function count(state: TaskState, bytes: number): void {
    if (isClosed(state)) closedBytes += bytes;
    else openBytes += bytes;
  }

  /** Puts a row into the sets of its state; `before` is its earlier state. */
  function sort(row: Row, before: TaskState): void {
    const { state, retryAt } = row.task;
    if (before === TaskState.TASK_STATE_SUBMITTED) {
      waiting.remove(row);
      delayed.delete(row);
    }
    if (state === TaskState.TASK_STATE_SUBMITTED) {
      const delay = (retryAt?.getTime() ?? 0) - clock.now();
      // The time of the machine may have been set back since an earlier leader chose the moment.
      if (delay > 0) delayed.set(row, steady.now() + Math.min(delay, longestRetryMs));
      else waiting.add(row);
    }
    if (!isClosed(state)) return;
    timed.delete(row);
    closed.add(row);
  }

  function put(row: Row, change: Partial<Task>, urgent: boolean): Task {
    revision = nextRevision();
    const earlier = row.task;
    const before = earlier.state;
    const now = { ...row.task, ...change, revision, updatedAt: new Date(clock.now()) };
    row.task = now;
    count(before, -row.bytes);
    row.bytes = taskBytes(now);
    count(now.state, row.bytes);
    if (!isClosed(before) && isClosed(now.state)) quotas.closed(earlier);
    sort(row, before);
    journal.touch(row, urgent);
    // An assignment that could not be written is not announced.
    journal.after(() => {
      if (row.unwritable) return;
      if (now.state !== TaskState.TASK_STATE_ASSIGNED || row.task.leaseToken === now.leaseToken) onChange(now);
    }, urgent);
    if (closed.size > keepClosed + slack) forget(() => closed.size <= keepClosed);
    // Likewise many at a time. The latest closed task stays, for it is announced.
    else if (closedBytes > limits.closedBytes) {
      forget(() => closedBytes <= limits.closedBytes * (1 - 1 / 20) || closed.size === 1);
    }
    return now;
  }

  function forget(enough: () => boolean): void {
    const gone: Row[] = [];
    for (const oldest of closed) {
      if (enough()) break;
      gone.push(oldest);
      const { taskId, revision: last } = oldest.task;
      closed.delete(oldest);
      closedBytes -= oldest.bytes;
      rows.delete(taskId);
      if (oldest.key) byKey.delete(oldest.key);
      if (last > forgottenTo) forgottenTo = last;
      journal.forget(taskId);
    }
    keys.add(gone);
  }

  return {
    waiting,
    get forgottenTo() {
      return forgottenTo;
    },
    get revision() {
      return revision;
    },
    submit(submitter, request, traceparent) {
      if (request.kind === "") throw swarmError("KIND_MISSING");
      quotas.take(submitter);
      const key = request.idempotencyKey && `${submitter}\n${request.idempotencyKey}`;
      const digest = key && createHash("sha256").update(SubmitTaskRequest.encode(request).finish()).digest("base64");
      const known = byKey.get(key);
      if (known && known.digest !== digest) throw swarmError("IDEMPOTENCY_KEY_REUSED");
      if (known) return { entry: known, created: false };
      const forgotten = keys.find(key);
      if (forgotten && !forgotten.isOf(digest)) throw swarmError("IDEMPOTENCY_KEY_REUSED");
      if (forgotten)
        return { entry: { task: restated(submitter, request, forgotten), unwritable: false }, created: false };
      if (rows.size - closed.size >= maximumOpen) throw swarmError("TASK_LIMIT");

      const { kind, payload, requiredCapabilities, priority, deadline } = request;
      const task = Task.fromPartial({
        taskId: newId(),
        kind,
        payload,
        requiredCapabilities,
        priority,
        deadline,
        fairnessKey: request.fairnessKey || submitter,
        submittedBy: submitter,
        maximumAttempts: Math.min(request.maximumAttempts, attemptsAtMost) || maximumAttempts,
        submittedAt: new Date(clock.now()),
        state: TaskState.TASK_STATE_SUBMITTED,
        attempt: 1,
        traceparent,
      });
      if (openBytes + taskBytes(task) > limits.openBytes) throw swarmError("TASK_LIMIT");
      quotas.admit(task);
      const row: Row = {
        task,
        bytes: 0,
        sequence: Number(nextRevision()),
        key,
        digest,
        sessionId: "",
        expiresAt: 0,
        stored: false,
        payloadWithin: false,
        unwritable: false,
        avoid: "",
      };
      put(row, {}, true);
      add(row);
      quotas.opened(row.task);
      return { entry: row, created: true };
    },
    find: (taskId) => rows.get(taskId),
    get(taskId) {
      const row = rows.get(taskId);
      if (!row) throw swarmError("TASK_UNKNOWN");
      return row;
    },
    entries: () => rows.values(),
    *pages(from, wanted, view) {
      const last = Number(revision);
      let page: Task[] = [];
      let weight = 0;
      let passed = 0;
      for (const { task, sequence } of rows.values()) {
        if (sequence > last) break;
        if (++passed % passedAtOnce === 0) yield [];
        if (task.revision <= from || !wanted(task)) continue;
        const shown = inView(task, view);
        const bytes = taskBytes(shown);
        if (page.length > 0 && (page.length === pageTasks || weight + bytes > updateBytes)) {
          yield page;
          [page, weight] = [[], 0];
        }
        page.push(shown);
        weight += bytes;
      }
      yield page;
    },
    hasRoom: (bytes) => bytes <= 0 || openBytes + bytes <= limits.openBytes,
    list({ states, pageSize, pageToken, view }) {
      if (!/^\d{0,16}$/.test(pageToken)) throw swarmError("PAGE_TOKEN_INVALID");
      const size = pageSize > 0 ? Math.min(pageSize, 1000) : 100;
      const from = Number(pageToken);
      const tasks: Task[] = [];
      let last = from;
      let weight = 0;
      let nextPageToken = "";
      for (const row of rows.values()) {
        if (row.sequence <= from || (states.length > 0 && !states.includes(row.task.state))) continue;
        const shown = inView(row.task, view);
        weight += taskBytes(shown);
        if (tasks.length > 0 && (tasks.length === size || weight > pageBytes)) {
          nextPageToken = String(last);
          break;
        }
        tasks.push(shown);
        last = row.sequence;
      }
      return { tasks, nextPageToken };
    },
    due() {
      const now = clock.now();
      for (const [row, at] of delayed) {
        if (at > steady.now()) continue;
        delayed.delete(row);
        waiting.add(row);
      }
      return [...timed].filter(({ task }) => (task.deadline?.getTime() ?? Infinity) <= now);
    },
    change(entry, change, urgent = true) {
      const { state, taskId } = entry.task;
      if (change.state !== undefined && !mayFollow(state, change.state)) {
        throw new TypeError(`task ${taskId} cannot go from state ${state} to ${change.state}`);
      }
      return put(entry, change, urgent);
    },
    drop(entry) {
      const row: Row = entry;
      row.unwritable = true;
      if (rows.delete(row.task.taskId)) {
        count(row.task.state, -row.bytes);
        if (!isClosed(row.task.state)) quotas.closed(row.task);
      }
      if (row.key && byKey.get(row.key) === row) byKey.delete(row.key);
      delayed.delete(row);
      for (const set of [timed, closed]) set.delete(row);
      waiting.remove(row);
    },
    undo(entry, task) {
      const row: Row = entry;
      const before = row.task.state;
      row.task = task;
      sort(row, before);
    },
  };
}
