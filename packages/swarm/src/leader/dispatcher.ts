import { type Clock, systemClock, type Unsubscribe } from "@interlock/bot";
import { createListeners } from "@interlock/bot/internal";
import { v7 as timeOrderedId } from "uuid";
import type {
  ListTasksRequest,
  Safety,
  Session,
  SubmitTaskRequest,
  Task,
  Worker,
} from "../gen/interlock/swarm/v1/swarm.js";
import { TaskState } from "../gen/interlock/swarm/v1/swarm.js";
import type { Inheritance, TaskStore } from "../store/task-store.js";
import { swarmError } from "../swarm-error.js";
import { isClosed, isHeld } from "../task-state.js";
import { systemWait, type Wait } from "../wait.js";
import { type Allocator, createAllocator, known } from "./allocator.js";
import { createCounter } from "./counter.js";
import type { Entry } from "./entry.js";
import { createJournal } from "./journal.js";
import { createReports, type Refusal } from "./reports.js";
import { createSafety, type SafetyController } from "./safety.js";
import { type Connection, createSessions, type WorkerChange } from "./sessions.js";
import { fromStored } from "./stored-task.js";
import { createTaskTable } from "./task-table.js";
import { createTiming, type Timing } from "./timing.js";
import { createWorkerSession, type Sink, toWorker, type WorkerSession } from "./worker-session.js";

/** What a leader decides by. */
export interface DispatchOptions extends Partial<Timing> {
  readonly clock?: Clock;
  readonly wait?: Wait;
  /** A task is FAILED when so many attempts of it were lost, failed or were handed back; 5. */
  readonly maximumAttempts?: number;
  /** More open tasks than this are refused; 100,000. */
  readonly maximumOpen?: number;
  /** So many closed tasks, and up to a twentieth more, are remembered with their idempotency keys, the latest; 10,000. */
  readonly keepClosed?: number;
  /** How many tasks of a fairness key are given out in its turn; 1. */
  readonly weightOf?: (fairnessKey: string) => number;
  /** Makes ids; UUIDs of version 7 (RFC 9562), so that what was submitted together stands together in the store. */
  readonly newId?: () => string;
  /** From 0 to 1. */
  readonly random?: () => number;
}

export interface DispatcherOptions extends DispatchOptions {
  readonly store: Pick<TaskStore, "commit" | "latch" | "reset">;
  readonly epoch: number;
  readonly inherited: Inheritance;
  /** How long a leader leads after each time it has written, in milliseconds. */
  readonly leadMs: number;
  /** It leads no longer: the store says so, or cannot be reached. */
  readonly onDeposed: (error: Error) => void;
}

/** A leader while it leads: what is to be done, who does it, and what came of it. It holds no timer: somebody calls `tick`. */
export interface Dispatcher {
  readonly epoch: number;
  submit(submitter: string, request: SubmitTaskRequest): Promise<{ task: Task; created: boolean }>;
  get(taskId: string): Promise<Task>;
  list(request: ListTasksRequest): Promise<{ tasks: Task[]; nextPageToken: string }>;
  cancel(taskId: string, reason: string): Promise<Task>;
  pause(taskId: string): Promise<Task>;
  resume(taskId: string): Promise<Task>;
  workers(): Worker[];
  drain(worker: string): Worker;
  /** The tasks that have changed since `cursor`; all of them, when that cannot be said any more. */
  since(cursor: string): { complete: boolean; tasks: Task[]; cursor: string };
  /** Opens a session for the bot called `worker`, or takes up the one it names. */
  connect(worker: string, session: Session, sink: Sink): Connection;
  readonly safety: SafetyController;
  /** Declares silent workers lost, fails what is overdue, hands out what waits. */
  tick(): void;
  /** Throws `LEADER_STANDBY` when the lead may have run out. */
  lead(): void;
  /** Extends the lead. */
  renew(): Promise<void>;
  /** Resolves once everything that has been said so far is on the disk. */
  settled(): Promise<void>;
  /** Ends every stream and whoever waits. */
  end(error: Error): void;
  onTask(listener: (task: Task) => void): Unsubscribe;
  onWorker(listener: (change: WorkerChange) => void): Unsubscribe;
  onRefusal(listener: (refusal: Refusal) => void): Unsubscribe;
  onSafety(listener: (safety: Safety) => void): Unsubscribe;
  onEnd(listener: (error: Error) => void): Unsubscribe;
}

/** Makes a dispatcher that goes on where another has left off. */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { clock = systemClock, wait = systemWait, newId = timeOrderedId, random = Math.random } = options;
  const { maximumAttempts = 5, maximumOpen = 100_000, keepClosed = 10_000, weightOf = () => 1 } = options;
  const { store, epoch, inherited, leadMs, onDeposed } = options;
  const timing = createTiming(options);
  const { lostAfterMs, stopAfterMs } = timing;
  const tasks = createListeners<Task>();
  const workers = createListeners<WorkerChange>();
  const refusals = createListeners<Refusal>();
  const safeties = createListeners<Safety>();
  const ends = createListeners<Error>();
  const desks = new Map<string, WorkerSession>();
  let leadsUntil = clock.now() + leadMs;
  let commitMs = 0;
  let lastTick = clock.now();
  let over: Error | undefined;

  const count = createCounter(epoch);
  const journal = createJournal({
    wait,
    async commit(batch) {
      const from = clock.now();
      const skipped = await store.commit(epoch, batch, leadMs);
      leadsUntil = from + leadMs;
      commitMs = clock.now() - from;
      return skipped;
    },
    // The lead counts from when a transaction was handed over, so it must not wait for long.
    isSwift: () => commitMs < leadMs / 8,
    prepare: () => {
      if (!safety.latched) allocator.assign();
    },
    onSkipped: (left) => allocator.skipped(left),
    onFailure: depose,
  });
  const entries = inherited.tasks.map((stored) => fromStored(stored, clock.now() + lostAfterMs));
  const book = createTaskTable({
    ...{ clock, newId, nextRevision: count, journal, entries, maximumOpen, keepClosed, maximumAttempts, weightOf },
    onChange: tasks.tell,
  });
  const reports = createReports({
    ...{ clock, leaseMs: lostAfterMs, book, journal, allocator: () => allocator },
    onRefusal: refusals.tell,
  });
  const sessions = createSessions({
    ...{ clock, newId, epoch, timing, book, desks, journal, reports, allocator: () => allocator },
    onWorker: workers.tell,
  });
  const safety = createSafety({
    ...{ clock, wait, newId, epoch, store, stopAfterMs, stop: inherited.stop },
    workers: () => desks.keys(),
    onLatched: () => takeBackAll("EMERGENCY_STOP"),
    onChange: safeties.tell,
    onListening: journal.poke,
  });
  const allocator: Allocator = createAllocator({
    ...{ clock, book, journal, desks, epoch, nextToken: count, leaseMs: lostAfterMs, random },
    mayWork: safety.isListening,
    answer: sessions.answer,
  });
  const held = entries.filter(({ task }) => isHeld(task.state));
  held.sort((a, b) => (a.task.leaseToken < b.task.leaseToken ? -1 : 1)); // In the order in which they were given.
  held.forEach(expect);

  /** Whoever held a task when another led has a while to say that he still does. */
  function expect({ task: { worker, taskId }, sessionId }: Entry): void {
    const desk = desks.get(worker) ?? createWorkerSession(worker, sessionId, clock.now());
    desks.set(worker, desk);
    desk.held.add(taskId);
  }

  function takeBackAll(reason: string): void {
    for (const desk of desks.values()) {
      for (const taskId of [...desk.held]) allocator.takeBack(known(book, taskId), reason, { failure: false });
    }
  }

  function depose(cause: Error): void {
    if (over) return;
    end(swarmError("LEADER_STANDBY", cause));
    onDeposed(cause);
  }

  function end(error: Error): void {
    if (over) return;
    over = error;
    journal.end(error);
    sessions.end(error);
    ends.tell(error);
  }

  /** Nobody whose lead may have run out gives anything out, or tells a worker to go on. */
  function lead(): void {
    if (!over && clock.now() >= leadsUntil) depose(new Error("the lead has run out"));
    if (over) throw over;
  }

  /** Answers with what is so now, once that is on the disk. */
  async function recorded<T>(answer: () => T): Promise<T> {
    lead();
    const value = answer();
    await journal.settled();
    return value;
  }

  return {
    epoch,
    safety,
    submit: (submitter, request) =>
      recorded(() => {
        const { entry, created } = book.submit(submitter, request);
        return { task: entry.task, created };
      }),
    get: (taskId) => recorded(() => known(book, taskId).task),
    list: (request) => recorded(() => book.list(request)),
    cancel: (taskId, reason) =>
      recorded(() => {
        const entry = known(book, taskId);
        if (entry.task.state === TaskState.TASK_STATE_CANCELED) return entry.task;
        if (isClosed(entry.task.state)) throw swarmError("TASK_CLOSED");
        return allocator.stop(entry, { state: TaskState.TASK_STATE_CANCELED, reason });
      }),
    pause: (taskId) =>
      recorded(() => {
        const entry = known(book, taskId);
        if (entry.task.state === TaskState.TASK_STATE_PAUSED) return entry.task;
        if (!isHeld(entry.task.state)) throw swarmError(isClosed(entry.task.state) ? "TASK_CLOSED" : "TASK_NOT_HELD");
        return remind(entry, TaskState.TASK_STATE_PAUSED);
      }),
    resume: (taskId) =>
      recorded(() => {
        const entry = known(book, taskId);
        if (entry.task.state !== TaskState.TASK_STATE_PAUSED) throw swarmError("TASK_NOT_PAUSED");
        return remind(entry, TaskState.TASK_STATE_RUNNING);
      }),
    workers() {
      lead();
      const all = [...desks.values()].map((desk) => toWorker(desk, safety.isListening(desk.name)));
      return all.sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    drain(worker) {
      lead();
      return toWorker(sessions.drain(worker), safety.isListening(worker));
    },
    since(cursor) {
      if (!/^\d{0,19}$/.test(cursor)) throw swarmError("CURSOR_INVALID");
      const from = BigInt(cursor || "0");
      const complete = cursor === "" || from < book.forgottenTo || from > book.revision;
      const all = [...book.all()].filter(({ revision }) => complete || revision > from);
      all.sort((a, b) => (a.revision < b.revision ? -1 : 1));
      return { complete, tasks: all, cursor: String(book.revision) };
    },
    connect(worker, session, sink) {
      lead();
      const connection = sessions.connect(worker, session, sink);
      return {
        receive(request) {
          lead();
          connection.receive(request);
        },
        detach: connection.detach,
      };
    },
    tick() {
      const now = clock.now();
      const gap = now - lastTick;
      lastTick = now;
      lead();
      if (gap > lostAfterMs / 2) sessions.forgive(gap);
      sessions.expire();
      for (const entry of book.due()) {
        allocator.stop(entry, { state: TaskState.TASK_STATE_FAILED, reason: "DEADLINE_EXCEEDED" });
      }
      if (book.waiting.size > 0) journal.poke();
    },
    lead,
    renew: () => journal.flush(),
    settled: () => journal.settled(),
    end,
    onTask: tasks.add,
    onWorker: workers.add,
    onRefusal: refusals.add,
    onSafety: safeties.add,
    onEnd: ends.add,
  };

  function remind(entry: Entry, state: TaskState): Task {
    const task = book.change(entry, { state });
    const desk = desks.get(task.worker);
    if (desk) allocator.remind(desk);
    return task;
  }
}
