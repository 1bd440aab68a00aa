import type { Clock } from "@interlock/bot";
import { inParts } from "../batching.js";
import { type Task, TaskState, UpdateType, WorkerState } from "../gen/interlock/swarm/v1/swarm.js";
import { leaseOf } from "../lease.js";
import { swarmError } from "../swarm-error.js";
import { isHeld } from "../task-state.js";
import type { Entry } from "./entry.js";
import type { Journal } from "./journal.js";
import { retryDelayMs } from "./retry-delay.js";
import type { TaskTable } from "./task-table.js";
import { response, type WorkerSession } from "./worker-session.js";

/** An entry and the lease under which it was given. */
export interface Given {
  readonly entry: Entry;
  readonly leaseToken: bigint;
}

/** Gives tasks to workers, and takes them back. */
export interface Allocator {
  /** Hands out what waits: to free slots first, then beforehand to those who take more. */
  assign(): void;
  /** What a worker holds at this moment. */
  given(desk: WorkerSession): Given[];
  /** Tells a worker what it was given, as far as it still holds it. */
  tell(desk: WorkerSession, type: UpdateType, given: readonly Given[]): void;
  /** Ends a task as `change` says, and frees its worker's hands. */
  close(entry: Entry, change: Partial<Task> & { state: TaskState }): Task;
  /** Ends a task likewise, and tells its worker to stop. */
  stop(entry: Entry, change: { state: TaskState; reason: string }): Task;
  /**
   * Puts a task back in the queue for its next attempt. With `failure` it counts; one too many fails the task. With
   * `later` it waits a while before it is tried again.
   */
  takeBack(entry: Entry, reason: string, how: { failure: boolean; later?: boolean }): void;
  /** An assignment could not be written, because somebody else holds the row: it is tried again in a moment. */
  skipped(tasks: readonly Task[]): void;
  /** Tells a worker what has changed in what it may go on with. */
  remind(desk: WorkerSession): void;
}

export interface AllocatorOptions {
  readonly clock: Clock;
  readonly book: TaskTable;
  readonly journal: Journal;
  /** The workers, by name. */
  readonly desks: ReadonlyMap<string, WorkerSession>;
  readonly epoch: number;
  readonly nextToken: () => bigint;
  readonly leaseMs: number;
  readonly random: () => number;
  /** Whether a worker may be given anything now. */
  readonly mayWork: (worker: string) => boolean;
  readonly answer: (desk: WorkerSession) => void;
}

const skippedRetryMs = 100;
const earlierKept = 20;

export function createAllocator(options: AllocatorOptions): Allocator {
  const { clock, book, journal, desks, epoch, nextToken, leaseMs, mayWork, answer, random } = options;
  let turn = 0;

  const takesWork = (desk: WorkerSession) =>
    desk.state === WorkerState.WORKER_STATE_ONLINE && desk.sink !== undefined && mayWork(desk.name);
  const capable = (desk: WorkerSession, task: Task) => task.requiredCapabilities.every((c) => desk.capabilities.has(c));

  /** Whether somebody else should have it, because this worker lost it or handed it back. */
  function isForOthers(desk: WorkerSession, { avoid, task }: Entry): boolean {
    if (avoid !== desk.name) return false;
    return [...desks.values()].some((other) => other !== desk && takesWork(other) && capable(other, task));
  }

  function give(desk: WorkerSession, entry: Entry): Given {
    const leaseToken = nextToken();
    const expiresAt = clock.now() + leaseMs;
    Object.assign(entry, { sessionId: desk.sessionId, expiresAt });
    desk.held.add(entry.task.taskId);
    desk.lastServed = ++turn;
    book.waiting.served(entry);
    book.change(entry, {
      state: TaskState.TASK_STATE_ASSIGNED,
      worker: desk.name,
      leaseToken,
      leaderEpoch: BigInt(epoch),
      leaseExpiresAt: new Date(expiresAt),
      retryAt: undefined,
    });
    return { entry, leaseToken };
  }

  /** Gives a task to each worker in turn, until each has as many as it has room for; notes it in `given`. */
  function fill(given: Map<WorkerSession, Given[]>, roomOf: (desk: WorkerSession) => number): void {
    if (book.waiting.size === 0) return;
    let free = [...desks.values()].filter((desk) => desk.held.size < roomOf(desk) && takesWork(desk));
    while (free.length > 0) {
      const more: WorkerSession[] = [];
      for (const desk of free.sort((a, b) => a.held.size - b.held.size || a.lastServed - b.lastServed)) {
        const entry = book.waiting.next(desk.capabilities, (each) => isForOthers(desk, each));
        if (!entry) continue;
        const before = given.get(desk);
        const one = give(desk, entry);
        if (before) before.push(one);
        else given.set(desk, [one]);
        if (desk.held.size < roomOf(desk)) more.push(desk);
      }
      free = more;
    }
  }

  function tell(desk: WorkerSession, type: UpdateType, given: readonly Given[]): void {
    // Not what has been taken back meanwhile, for example by an emergency stop.
    const still = given.filter(
      ({ entry: { task }, leaseToken }) => task.leaseToken === leaseToken && isHeld(task.state),
    );
    const entries = still.map(({ entry }) => entry);
    for (const entry of entries) entry.expiresAt = clock.now() + leaseMs;
    if (entries.length > 0 || type === UpdateType.UPDATE_TYPE_COMPLETE) send(desk, type, entries);
  }

  function release(entry: Entry): void {
    desks.get(entry.task.worker)?.held.delete(entry.task.taskId);
  }

  function close(entry: Entry, change: Partial<Task> & { state: TaskState }): Task {
    release(entry);
    return book.change(entry, { leaseExpiresAt: undefined, retryAt: undefined, ...change });
  }

  /** What ends an attempt without its worker having said so. */
  function revoke(entry: Entry, reason: string): void {
    const desk = desks.get(entry.task.worker);
    if (!desk || desk.sessionId !== entry.sessionId) return;
    desk.canceled.set(entry.task.leaseToken, { lease: leaseOf(entry.task), reason });
    journal.after(() => answer(desk));
  }

  return {
    assign() {
      const given = new Map<WorkerSession, Given[]>();
      fill(given, (desk) => desk.slots);
      fill(given, (desk) => (desk.prefetch > 0 ? desk.slots + desk.prefetch : 0)); // Who takes no more is not looked at.
      for (const [desk, some] of given) {
        journal.after(() => tell(desk, UpdateType.UPDATE_TYPE_INCREMENTAL, some));
      }
    },
    given(desk) {
      const entries = [...desk.held].map((taskId) => known(book, taskId));
      return entries.map((entry) => ({ entry, leaseToken: entry.task.leaseToken }));
    },
    tell,
    close,
    stop(entry, change) {
      if (isHeld(entry.task.state)) revoke(entry, change.reason);
      return close(entry, change);
    },
    takeBack(entry, reason, { failure, later = false }) {
      const { task } = entry;
      const failures = task.failures + (failure ? 1 : 0);
      if (failures >= task.maximumAttempts) {
        close(entry, { state: TaskState.TASK_STATE_FAILED, failures, reason: `ATTEMPTS_EXHAUSTED: ${reason}` });
        return;
      }
      const { attempt, worker, leaseToken } = task;
      const ended = { attempt, worker, leaseToken, reason, endedAt: new Date(clock.now()) };
      release(entry);
      if (failure) entry.avoid = worker;
      book.change(entry, {
        ...{ state: TaskState.TASK_STATE_SUBMITTED, attempt: attempt + 1, failures, reason },
        ...{ worker: "", leaseToken: 0n, leaderEpoch: 0n, leaseExpiresAt: undefined, progress: undefined },
        retryAt: later ? new Date(clock.now() + retryDelayMs(failures, random)) : undefined,
        earlierAttempts: [...task.earlierAttempts, ended].slice(-earlierKept),
      });
    },
    skipped(tasks) {
      for (const { taskId, leaseToken } of tasks) {
        const entry = book.find(taskId);
        if (entry?.task.state !== TaskState.TASK_STATE_ASSIGNED || entry.task.leaseToken !== leaseToken) continue;
        release(entry);
        const retryAt = new Date(clock.now() + skippedRetryMs);
        const free = { worker: "", leaseToken: 0n, leaderEpoch: 0n, leaseExpiresAt: undefined, retryAt };
        book.undo(entry, { ...entry.task, state: TaskState.TASK_STATE_SUBMITTED, ...free });
      }
    },
    remind: (desk) => journal.after(() => answer(desk)),
  };
}

/** The entry of a task, or `TASK_UNKNOWN`. */
export function known(book: TaskTable, taskId: string): Entry {
  const entry = book.find(taskId);
  if (!entry) throw swarmError("TASK_UNKNOWN");
  return entry;
}

function send(desk: WorkerSession, type: UpdateType, entries: readonly Entry[]): void {
  const assignments = entries.map(({ task, expiresAt }) => {
    const { kind, payload, deadline, checkpoint } = task;
    return { lease: leaseOf(task), kind, payload, deadline, checkpoint, leaseExpiresAt: new Date(expiresAt) };
  });
  const parts = inParts(assignments);
  for (const [i, part] of parts.entries()) {
    const more = type === UpdateType.UPDATE_TYPE_COMPLETE && i < parts.length - 1;
    desk.sink?.send(response("assignments", { type, assignments: part, more }));
  }
}
