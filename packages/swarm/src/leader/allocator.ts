import type { Clock } from "@interlock/bot";
import { monotonicOf } from "@interlock/bot/internal";
import { inParts } from "../batching.js";
import { type Task, TaskState, UpdateType, WorkerState } from "../gen/interlock/swarm/v1/swarm.js";
import { leaseOf } from "../lease.js";
import { isHeld } from "../task-state.js";
import { type Ahead, aheadOf, hasPlenty, isStale, isSwift, noteEnd } from "./ahead.js";
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
  /**
   * Gives out the waiting tasks: to free slots first, then as prefetch to the workers that take more, and then ahead to swift
   * workers that take no more. A free slot has precedence over a task that another worker has ahead.
   */
  assign(): void;
  /** What a worker holds at this moment. */
  given(session: WorkerSession): Given[];
  /** Sends a worker the assignments among `given` that it still holds. */
  tell(session: WorkerSession, type: UpdateType, given: readonly Given[]): void;
  /** Closes a task as `change` says, and frees its worker's slot. */
  close(entry: Entry, change: Partial<Task> & { state: TaskState }): Task;
  /** Closes a task as its worker reports it, and tells the worker at once of the next, if that is ahead. */
  finish(session: WorkerSession, entry: Entry, change: Partial<Task> & { state: TaskState }): void;
  /** Closes a task in the same way, and tells its worker to stop. */
  stop(entry: Entry, change: { state: TaskState; reason: string }): Task;
  /**
   * Puts a task back in the queue for its next attempt. With `failure` the attempt counts as a failure; one too many fails
   * the task. With `later` the task waits a while before it is tried again.
   */
  takeBack(entry: Entry, reason: string, how: { failure: boolean; later?: boolean }): void;
  /** Takes everything back that workers hold; no attempt counts as a failure. */
  takeBackAll(reason: string): void;
  /** Puts a task that its worker has ahead back in the queue; nothing happens to any other. */
  withdraw(entry: Entry): void;
  /** Puts all tasks that a worker has ahead back in the queue: it was never told of them. */
  withdrawAll(session: WorkerSession): void;
  /** Withdraws what workers have ahead for too long; they do not count as swift any more. */
  withdrawStale(): void;
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
/** How many pairs of a task that is ahead and a free worker are looked at in one transaction. */
const looksAtMost = 2_000;

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

  const withRoom = (roomOf: (session: WorkerSession) => number) =>
    [...roster.values()].filter((session) => session.held.size < roomOf(session) && takesWork(session));

  /** Gives a task to each worker in turn, until each has as many as it has room for; notes it in `given`. */
  function fill(given: Map<WorkerSession, Given[]>, roomOf: (session: WorkerSession) => number): void {
    if (table.waiting.size === 0) return;
    let free = withRoom(roomOf);
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

  /** Withdraws tasks that workers have ahead while others could begin them; gives whether there are any. */
  function withdrawForOthers(): boolean {
    const room = new Map(withRoom(slotsOf).map((session) => [session, session.slots - session.held.size]));
    const behind = room.size > 0 ? [...roster.values()].flatMap(({ ahead }) => ahead.map(({ entry }) => entry)) : [];
    behind.sort((a, b) => b.task.priority - a.task.priority || a.sequence - b.sequence);
    let looks = 0;
    let some = false;
    for (const entry of behind) {
      for (const [other, left] of room) {
        if (++looks > looksAtMost) return some;
        if (!capable(other, entry.task) || isForOthers(other, entry)) continue;
        if (left > 1) room.set(other, left - 1);
        else room.delete(other);
        withdraw(entry);
        some = true;
        break;
      }
      if (room.size === 0) break;
    }
    return some;
  }

  /** Has the next tasks of swift workers written in advance. Those with more slots do one task while another is written. */
  function fillAhead(): void {
    const given = new Map<WorkerSession, Given[]>();
    fill(given, ({ slots, prefetch, speed }) => (slots === 1 && prefetch === 0 ? 1 + aheadOf(speed) : 0));
    for (const [session, some] of given) {
      const fresh = some.map((one): Ahead => ({ ...one, since: steady.now(), onDisk: false }));
      session.ahead.push(...fresh);
      journal.after(() => {
        for (const each of fresh) each.onDisk = true;
        tellAhead(session);
      });
    }
  }

  /** Tells a worker of the task that it has ahead, if it is free and that is on the disk. */
  function tellAhead(session: WorkerSession): void {
    const [next] = session.ahead;
    if (!next?.onDisk || session.held.size > session.ahead.length) return;
    if (takesWork(session)) {
      session.ahead.shift();
      tell(session, UpdateType.UPDATE_TYPE_INCREMENTAL, [next]);
    } else withdrawAll(session);
  }

  /** The same, once the change that freed the worker, and what is to be said of it, is on the disk. */
  function tellAheadLater(session: WorkerSession | undefined): void {
    if (session && session.ahead.length > 0) journal.after(() => tellAhead(session));
  }

  function withdraw(entry: Entry): void {
    release(entry);
    table.change(entry, unassigned);
  }

  function withdrawAll({ ahead }: WorkerSession): void {
    for (const { entry } of [...ahead]) withdraw(entry);
  }

  const isAhead = ({ ahead }: WorkerSession, entry: Entry) => ahead.some((each) => each.entry === entry);

  function tell(session: WorkerSession, type: UpdateType, given: readonly Given[]): void {
    // Without the tasks that were taken back meanwhile, for example by an emergency stop.
    const still = given.filter(
      ({ entry: { task, unwritable }, leaseToken }) =>
        task.leaseToken === leaseToken && isHeld(task.state) && !unwritable,
    );
    const entries = still.map(({ entry }) => entry);
    if (entries.length > 0) session.speed.toldAt = steady.now();
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

  /** Frees the slot of a task; gives the worker that had it. */
  function release(entry: Entry): WorkerSession | undefined {
    const session = roster.get(entry.task.worker);
    if (!session?.held.delete(entry.task.taskId)) return undefined;
    const place = session.ahead.findIndex((each) => each.entry === entry);
    if (place >= 0) session.ahead.splice(place, 1);
    return session;
  }

  function close(entry: Entry, change: Partial<Task> & { state: TaskState }): Task {
    const session = release(entry);
    const task = table.change(entry, { ...closed, ...change });
    tellAheadLater(session);
    return task;
  }

  function remind(session: WorkerSession): void {
    journal.after(() => answer(session));
  }

  /** Ends an attempt against the will of its worker. */
  function revoke(entry: Entry, reason: string): void {
    const session = roster.get(entry.task.worker);
    if (!session || session.sessionId !== entry.sessionId || isAhead(session, entry)) return;
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
    const session = release(entry);
    if (failure) entry.avoid = worker;
    table.change(entry, {
      ...unassigned,
      attempt: attempt + 1,
      failures,
      reason,
      retryAt: later ? new Date(clock.now() + retryDelayMs(failures, random)) : undefined,
      earlierAttempts: [...task.earlierAttempts, ended].slice(-earlierKept),
    });
    if (session) slowDown(session);
  }

  /** A worker that has not completed its task is not swift, whatever it did before. */
  function slowDown(session: WorkerSession): void {
    session.speed.swiftTasks = 0;
    withdrawAll(session);
  }

  return {
    assign() {
      const given = new Map<WorkerSession, Given[]>();
      fill(given, slotsOf);
      if (withdrawForOthers()) fill(given, slotsOf);
      // Without a prefetch the room is 0, so that the second pass does not look at the worker.
      fill(given, ({ slots, prefetch }) => (prefetch > 0 ? slots + prefetch : 0));
      for (const [session, some] of given) {
        journal.after(() => tell(session, UpdateType.UPDATE_TYPE_INCREMENTAL, some));
      }
      fillAhead();
    },
    given(session) {
      const entries = [...session.held].map(table.get);
      return entries.map((entry) => ({ entry, leaseToken: entry.task.leaseToken }));
    },
    tell,
    close,
    finish(session, entry, change) {
      const urgent = !hasPlenty(session.ahead);
      release(entry);
      table.change(entry, { ...closed, ...change }, urgent);
      noteEnd(session.speed, change.state, steady.now());
      if (isSwift(session.speed)) tellAhead(session);
      else withdrawAll(session);
    },
    stop(entry, change) {
      if (isHeld(entry.task.state)) revoke(entry, change.reason);
      return close(entry, change);
    },
    drop(entry) {
      if (isHeld(entry.task.state)) revoke(entry, "TASK_UNWRITABLE");
      const session = release(entry);
      table.drop(entry);
      tellAheadLater(session);
    },
    takeBack,
    takeBackAll(reason) {
      for (const session of roster.values()) {
        withdrawAll(session);
        for (const taskId of [...session.held]) takeBack(table.get(taskId), reason, { failure: false });
      }
    },
    skipped(tasks) {
      for (const { taskId, leaseToken } of tasks) {
        const entry = table.find(taskId);
        if (!entry || !isHeld(entry.task.state) || entry.task.leaseToken !== leaseToken) continue;
        release(entry);
        table.undo(entry, {
          ...entry.task,
          ...unassigned,
          retryAt: new Date(clock.now() + skippedRetryMs),
        });
      }
    },
    remind,
    withdraw(entry) {
      const session = roster.get(entry.task.worker);
      if (session && isAhead(session, entry)) withdraw(entry);
    },
    withdrawAll,
    withdrawStale() {
      for (const session of roster.values()) {
        if (session.ahead.some((each) => isStale(each, steady.now()))) slowDown(session);
      }
    },
  };
}

/** What no closed task has. */
const closed = { leaseExpiresAt: undefined, retryAt: undefined };

const slotsOf = ({ slots }: WorkerSession) => slots;

/** What a task is again that no worker has. */
const unassigned = {
  state: TaskState.TASK_STATE_SUBMITTED,
  worker: "",
  leaseToken: 0n,
  leaderEpoch: 0n,
  leaseExpiresAt: undefined,
  progress: undefined,
};
