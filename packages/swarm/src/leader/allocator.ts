import type { Clock } from "@interlock/bot";
import { monotonicOf } from "@interlock/bot/internal";
import { inParts } from "../batching.js";
import { type Task, TaskState, UpdateType, WorkerState } from "../gen/interlock/swarm/v1/swarm.js";
import { leaseOf } from "../lease.js";
import { isHeld } from "../task-state.js";
import type { Entry } from "./entry.js";
import type { AnswerHeartbeat } from "./heartbeat-answer.js";
import type { Journal } from "./journal.js";
import type { LeaseTimes } from "./lease-times.js";
import type { Listening } from "./listening.js";
import { retryDelayMs } from "./retry-delay.js";
import type { TaskTable } from "./task-table.js";
import { cancelLease, response, type WorkerSession } from "./worker-session.js";

/** An entry and the lease under which it was given. */
export interface Given {
  readonly entry: Entry;
  readonly leaseToken: bigint;
}

/** The part that gives tasks to workers, and takes them back. */
export interface Allocator {
  /** Gives out the waiting tasks: to free slots first, then as prefetch to the workers that take more. */
  assign(): void;
  /** What a worker holds at this moment. */
  given(session: WorkerSession): Given[];
  /** Sends a worker the assignments among `given` that it still holds. */
  tell(session: WorkerSession, type: UpdateType, given: readonly Given[]): void;
  /** Closes a task as `change` says, and frees its worker's slot. */
  close(entry: Entry, change: Partial<Task> & { state: TaskState }): Task;
  /** Closes a task in the same way, and tells its worker to stop. */
  stop(entry: Entry, change: { state: TaskState; reason: string }): Task;
  /**
   * Puts a task back in the queue for its next attempt. With `failure` the attempt counts as a failure; one too many fails
   * the task. With `later` the task waits a while before it is tried again.
   */
  takeBack(entry: Entry, reason: string, how: { failure: boolean; later?: boolean }): void;
  /** Takes everything back that workers hold; no attempt counts as a failure. */
  takeBackAll(reason: string): void;
  /** Undoes assignments that could not be written because another connection held the row; they are tried again soon. */
  skipped(tasks: readonly Task[]): void;
  /** Drops a task that the store could not hold, and tells its worker to stop. */
  drop(entry: Entry): void;
  /** Tells a worker, once the change is on the disk, what it has to stop or to hold still now. */
  remind(session: WorkerSession): void;
}

export interface AllocatorOptions {
  readonly clock: Clock;
  readonly table: TaskTable;
  readonly journal: Journal;
  readonly roster: ReadonlyMap<string, WorkerSession>;
  readonly listening: Pick<Listening, "has">;
  readonly epoch: number;
  readonly nextToken: () => bigint;
  readonly leases: LeaseTimes;
  /** A worker that was silent for so long is given nothing, in milliseconds. */
  readonly lostAfterMs: number;
  readonly random: () => number;
  readonly answer: AnswerHeartbeat;
}

const skippedRetryMs = 100;
const earlierKept = 20;

/** Creates an allocator. */
export function createAllocator(options: AllocatorOptions): Allocator {
  const { clock, table, journal, roster, listening, epoch, nextToken, leases, lostAfterMs, answer, random } = options;
  const steady = monotonicOf(clock);
  let turn = 0;

  // One that is silent and not lost has a task with a long lease.
  const takesWork = ({ name, state, sink, lastSeen }: WorkerSession) =>
    state === WorkerState.WORKER_STATE_ONLINE &&
    sink !== undefined &&
    listening.has(name) &&
    steady.now() - lastSeen < lostAfterMs;
  const capable = ({ capabilities }: WorkerSession, task: Task) =>
    task.requiredCapabilities.every((needed) => capabilities.has(needed));

  /** Whether another worker should have the task, because this one lost it or handed it back. */
  function isForOthers(session: WorkerSession, { avoid, task }: Entry): boolean {
    if (avoid !== session.name) return false;
    return [...roster.values()].some((other) => other !== session && takesWork(other) && capable(other, task));
  }

  function give(session: WorkerSession, entry: Entry): Given {
    const leaseToken = nextToken();
    entry.sessionId = session.sessionId;
    const leaseMs = leases.leaseMs(entry.task.kind, session.name);
    entry.expiresAt = steady.now() + leaseMs;
    session.held.add(entry.task.taskId);
    session.lastServed = ++turn;
    table.waiting.served(entry);
    table.change(entry, {
      state: TaskState.TASK_STATE_ASSIGNED,
      worker: session.name,
      leaseToken,
      leaderEpoch: BigInt(epoch),
      leaseExpiresAt: new Date(clock.now() + leaseMs),
      retryAt: undefined,
    });
    return { entry, leaseToken };
  }

  /** Gives a task to each worker in turn, until each has as many as it has room for; notes it in `given`. */
  function fill(given: Map<WorkerSession, Given[]>, roomOf: (session: WorkerSession) => number): void {
    if (table.waiting.size === 0) return;
    let free = [...roster.values()].filter((session) => session.held.size < roomOf(session) && takesWork(session));
    while (free.length > 0) {
      const more: WorkerSession[] = [];
      for (const session of free.sort((a, b) => a.held.size - b.held.size || a.lastServed - b.lastServed)) {
        const entry = table.waiting.next(session.capabilities, (each) => isForOthers(session, each));
        if (!entry) continue;
        const before = given.get(session);
        const one = give(session, entry);
        if (before) before.push(one);
        else given.set(session, [one]);
        if (session.held.size < roomOf(session)) more.push(session);
      }
      free = more;
    }
  }

  function tell(session: WorkerSession, type: UpdateType, given: readonly Given[]): void {
    // Without the tasks that were taken back meanwhile, for example by an emergency stop.
    const still = given.filter(
      ({ entry: { task, unwritable }, leaseToken }) =>
        task.leaseToken === leaseToken && isHeld(task.state) && !unwritable,
    );
    const entries = still.map(({ entry }) => entry);
    for (const entry of entries) entry.expiresAt = steady.now() + leases.leaseMs(entry.task.kind, session.name);
    if (entries.length > 0 || type === UpdateType.UPDATE_TYPE_COMPLETE) send(session, type, entries);
  }

  function send(session: WorkerSession, type: UpdateType, entries: readonly Entry[]): void {
    const now = clock.now();
    const assignments = entries.map(({ task }) => {
      const { kind, payload, deadline, checkpoint, traceparent } = task;
      const leaseExpiresAt = new Date(now + leases.leaseMs(kind, session.name));
      const stopAfterMs = leases.stopAfterMs(kind, session.name);
      return { lease: leaseOf(task), kind, payload, deadline, checkpoint, leaseExpiresAt, stopAfterMs, traceparent };
    });
    const parts = inParts(assignments);
    for (const [i, part] of parts.entries()) {
      const more = type === UpdateType.UPDATE_TYPE_COMPLETE && i < parts.length - 1;
      session.sink?.send(response("assignments", { type, assignments: part, more }));
    }
  }

  function release(entry: Entry): void {
    roster.get(entry.task.worker)?.held.delete(entry.task.taskId);
  }

  function close(entry: Entry, change: Partial<Task> & { state: TaskState }): Task {
    release(entry);
    return table.change(entry, { leaseExpiresAt: undefined, retryAt: undefined, ...change });
  }

  function remind(session: WorkerSession): void {
    journal.after(() => answer(session));
  }

  /** Ends an attempt against the will of its worker. */
  function revoke(entry: Entry, reason: string): void {
    const session = roster.get(entry.task.worker);
    if (!session || session.sessionId !== entry.sessionId) return;
    cancelLease(session, leaseOf(entry.task), reason);
    remind(session);
  }

  function takeBack(entry: Entry, reason: string, { failure, later = false }: { failure: boolean; later?: boolean }) {
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
    table.change(entry, {
      state: TaskState.TASK_STATE_SUBMITTED,
      attempt: attempt + 1,
      failures,
      reason,
      worker: "",
      leaseToken: 0n,
      leaderEpoch: 0n,
      leaseExpiresAt: undefined,
      progress: undefined,
      retryAt: later ? new Date(clock.now() + retryDelayMs(failures, random)) : undefined,
      earlierAttempts: [...task.earlierAttempts, ended].slice(-earlierKept),
    });
  }

  return {
    assign() {
      const given = new Map<WorkerSession, Given[]>();
      fill(given, ({ slots }) => slots);
      // Without a prefetch the room is 0, so that the second pass does not look at the worker.
      fill(given, ({ slots, prefetch }) => (prefetch > 0 ? slots + prefetch : 0));
      for (const [session, some] of given) {
        journal.after(() => tell(session, UpdateType.UPDATE_TYPE_INCREMENTAL, some));
      }
    },
    given(session) {
      const entries = [...session.held].map(table.get);
      return entries.map((entry) => ({ entry, leaseToken: entry.task.leaseToken }));
    },
    tell,
    close,
    stop(entry, change) {
      if (isHeld(entry.task.state)) revoke(entry, change.reason);
      return close(entry, change);
    },
    drop(entry) {
      if (isHeld(entry.task.state)) revoke(entry, "TASK_UNWRITABLE");
      release(entry);
      table.drop(entry);
    },
    takeBack,
    takeBackAll(reason) {
      for (const { held } of roster.values()) {
        for (const taskId of [...held]) takeBack(table.get(taskId), reason, { failure: false });
      }
    },
    skipped(tasks) {
      for (const { taskId, leaseToken } of tasks) {
        const entry = table.find(taskId);
        if (entry?.task.state !== TaskState.TASK_STATE_ASSIGNED || entry.task.leaseToken !== leaseToken) continue;
        release(entry);
        table.undo(entry, {
          ...entry.task,
          state: TaskState.TASK_STATE_SUBMITTED,
          worker: "",
          leaseToken: 0n,
          leaderEpoch: 0n,
          leaseExpiresAt: undefined,
          retryAt: new Date(clock.now() + skippedRetryMs),
        });
      }
    },
    remind,
  };
}
