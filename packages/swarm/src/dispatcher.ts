import { randomUUID } from "node:crypto";
import { type Clock, createListeners, systemClock, type Unsubscribe } from "@interlock/bot";
import { createAllocator, known } from "./allocator.js";
import type { ListTasksRequest, Session, SubmitTaskRequest, Task } from "./gen/interlock/swarm/v1/swarm.js";
import { TaskState } from "./gen/interlock/swarm/v1/swarm.js";
import { type Connection, createSessions, type Refusal, type WorkerChange } from "./sessions.js";
import { swarmError } from "./swarm-error.js";
import { createTaskBook } from "./task-book.js";
import { isClosed } from "./task-state.js";
import type { Sink, WorkerDesk } from "./worker-desk.js";

export interface DispatcherOptions {
  readonly clock?: Clock;
  /** How often a worker says that it is alive, in milliseconds; 500. */
  readonly heartbeatPeriodMs?: number;
  /** After how long a silence a worker is lost, in milliseconds; 2,000. */
  readonly lostAfterMs?: number;
  /** A task is failed when this attempt of it is lost or handed back; 5. */
  readonly maximumAttempts?: number;
  /** More open tasks than this are refused; 100,000. */
  readonly maximumOpen?: number;
  /** So many closed tasks are remembered, the latest; 10,000. */
  readonly keepClosed?: number;
  /** Makes ids and lease tokens; random UUIDs. */
  readonly newId?: () => string;
}

/** The leader: what is to be done, who does it, and what came of it. It holds no timer: somebody calls `tick`. */
export interface Dispatcher {
  submit(submitter: string, request: SubmitTaskRequest): { task: Task; created: boolean };
  get(taskId: string): Task;
  list(request: ListTasksRequest): { tasks: Task[]; nextPageToken: string };
  cancel(taskId: string, reason: string): Task;
  /** Every task there is, in the order of submission. */
  tasks(): Iterable<Task>;
  /** Opens a session for the bot called `worker`, or takes up the one it names. */
  connect(worker: string, session: Session, sink: Sink): Connection;
  /** Declares silent workers lost, fails what is overdue, hands out what waits. */
  tick(): void;
  onTask(listener: (task: Task) => void): Unsubscribe;
  onWorker(listener: (change: WorkerChange) => void): Unsubscribe;
  onRefusal(listener: (refusal: Refusal) => void): Unsubscribe;
  readonly heartbeatPeriodMs: number;
  readonly lostAfterMs: number;
}

/**
 * Makes a dispatcher that keeps everything in memory.
 *
 * ```ts
 * const dispatcher = createDispatcher();
 * await bot.serve({ port: 7450 }, dispatchRoutes(dispatcher));
 * ```
 */
export function createDispatcher(options: DispatcherOptions = {}): Dispatcher {
  const { clock = systemClock, newId = randomUUID, maximumAttempts = 5 } = options;
  const { heartbeatPeriodMs = 500, lostAfterMs = 2_000, maximumOpen = 100_000, keepClosed = 10_000 } = options;
  const [tasks, workers, refusals] = [
    createListeners<Task>(),
    createListeners<WorkerChange>(),
    createListeners<Refusal>(),
  ];
  const desks = new Map<string, WorkerDesk>();
  const book = createTaskBook({ clock, newId, maximumOpen, keepClosed, onChange: tasks.tell });
  const allocator = createAllocator({ book, desks, newId, maximumAttempts });
  const sessions = createSessions({
    ...{ clock, newId, heartbeatPeriodMs, lostAfterMs, book, desks, allocator },
    onWorker: workers.tell,
    onRefusal: refusals.tell,
  });

  function tick(): void {
    sessions.dismissSilent();
    for (const entry of book.overdue()) {
      allocator.stop(entry, { state: TaskState.TASK_STATE_FAILED, reason: "DEADLINE_EXCEEDED" });
    }
    allocator.assign();
  }

  return {
    submit(submitter, request) {
      const { task, created } = book.submit(submitter, request);
      tick();
      return { task: book.find(task.taskId)?.task ?? task, created };
    },
    get(taskId) {
      tick();
      return known(book, taskId).task;
    },
    list(request) {
      tick();
      return book.list(request);
    },
    cancel(taskId, reason) {
      tick();
      const entry = known(book, taskId);
      if (entry.task.state === TaskState.TASK_STATE_CANCELED) return entry.task;
      if (isClosed(entry.task.state)) throw swarmError("TASK_CLOSED");
      const task = allocator.stop(entry, { state: TaskState.TASK_STATE_CANCELED, reason });
      allocator.assign();
      return task;
    },
    tasks: book.all,
    connect(worker, session, sink) {
      tick();
      const connection = sessions.connect(worker, session, sink);
      allocator.assign();
      return connection;
    },
    tick,
    onTask: tasks.add,
    onWorker: workers.add,
    onRefusal: refusals.add,
    heartbeatPeriodMs,
    lostAfterMs,
  };
}
