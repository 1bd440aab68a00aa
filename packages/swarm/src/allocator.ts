import { type Task, TaskState, UpdateType } from "./gen/interlock/swarm/v1/swarm.js";
import { pickTask } from "./pick-task.js";
import { swarmError } from "./swarm-error.js";
import type { Entry, TaskBook } from "./task-book.js";
import { response, type WorkerDesk } from "./worker-desk.js";

/** Gives tasks to workers, and takes them back. */
export interface Allocator {
  /** Hands out what waits, as far as there are free hands for it. */
  assign(): void;
  /** Tells a worker everything that it holds. */
  sendAll(desk: WorkerDesk): void;
  /** Ends a task as `change` says, and frees its worker's hands. */
  close(entry: Entry, change: Partial<Task> & { state: TaskState }): Task;
  /** Ends a task likewise, and tells its worker to stop. */
  stop(entry: Entry, change: { state: TaskState; reason: string }): Task;
  /** Puts a task back in the queue for its next attempt, or fails it when there have been too many. */
  takeBack(entry: Entry, reason: string): void;
}

export interface AllocatorOptions {
  readonly book: TaskBook;
  /** The workers, by name. */
  readonly desks: ReadonlyMap<string, WorkerDesk>;
  readonly newId: () => string;
  readonly maximumAttempts: number;
}

// Submitters choose the keys. One that is forgotten counts as never served.
const maximumKeys = 10_000;

export function createAllocator({ book, desks, newId, maximumAttempts }: AllocatorOptions): Allocator {
  const served = new Map<string, number>(); // fairness key → the turn in which it was last served
  let turn = 0;

  function fitsFor(desk: WorkerDesk): (task: Task) => boolean {
    return (task) => capable(desk, task) && (known(book, task.taskId).avoid !== desk.name || !hasOther(desk, task));
  }

  function hasOther(desk: WorkerDesk, task: Task): boolean {
    return [...desks.values()].some((other) => other !== desk && other.sink !== undefined && capable(other, task));
  }

  function give(desk: WorkerDesk, entry: Entry): void {
    const { taskId, attempt, fairnessKey } = entry.task;
    entry.lease = { taskId, attempt, leaseToken: newId() };
    desk.held.add(taskId);
    desk.lastServed = ++turn;
    serve(fairnessKey);
    book.change(entry, { state: TaskState.TASK_STATE_ASSIGNED, worker: desk.name });
    send(desk, UpdateType.UPDATE_TYPE_INCREMENTAL, [entry]);
  }

  function serve(fairnessKey: string): void {
    served.delete(fairnessKey); // So that the keys stand in the order of their turns.
    served.set(fairnessKey, turn);
    const [oldest] = served.keys();
    if (served.size > maximumKeys && oldest !== undefined) served.delete(oldest);
  }

  function close(entry: Entry, change: Partial<Task> & { state: TaskState }): Task {
    desks.get(entry.task.worker)?.held.delete(entry.task.taskId);
    return book.change(entry, change);
  }

  return {
    assign() {
      for (let progress = true; progress; ) {
        progress = false;
        const free = [...desks.values()].filter((desk) => desk.sink && desk.held.size < desk.slots);
        for (const desk of free.sort((a, b) => a.held.size - b.held.size || a.lastServed - b.lastServed)) {
          const task = pickTask(book.pending(), fitsFor(desk), (key) => served.get(key) ?? 0);
          if (!task) continue;
          give(desk, known(book, task.taskId));
          progress = true;
        }
      }
    },
    sendAll: (desk) =>
      send(
        desk,
        UpdateType.UPDATE_TYPE_COMPLETE,
        [...desk.held].map((taskId) => known(book, taskId)),
      ),
    close,
    stop(entry, change) {
      const { lease, task } = entry;
      const sink = desks.get(task.worker)?.sink;
      const stopped = close(entry, change);
      sink?.send(response("cancellation", { lease, reason: change.reason }));
      return stopped;
    },
    takeBack(entry, reason) {
      const { worker, attempt } = entry.task;
      if (attempt >= maximumAttempts) {
        close(entry, { state: TaskState.TASK_STATE_FAILED, reason: `ATTEMPTS_EXHAUSTED: ${reason}` });
        return;
      }
      entry.lease = undefined;
      entry.avoid = worker;
      const next = { attempt: attempt + 1, worker: "", progress: undefined, reason };
      close(entry, { state: TaskState.TASK_STATE_SUBMITTED, ...next });
    },
  };
}

/** The entry of a task, or `TASK_UNKNOWN`. */
export function known(book: TaskBook, taskId: string): Entry {
  const entry = book.find(taskId);
  if (!entry) throw swarmError("TASK_UNKNOWN");
  return entry;
}

function capable(desk: WorkerDesk, task: Task): boolean {
  return task.requiredCapabilities.every((capability) => desk.capabilities.has(capability));
}

function send(desk: WorkerDesk, type: UpdateType, entries: Entry[]): void {
  const assignments = entries.map(({ task: { kind, payload, deadline }, lease, checkpoint }) => {
    return { lease, kind, payload, deadline, checkpoint };
  });
  desk.sink?.send(response("assignments", { type, assignments }));
}
