import { setMaxListeners } from "node:events";
import { beginLinkedSpan } from "@interlock/bot/internal";
import type { Assignment, Lease } from "../gen/interlock/swarm/v1/swarm.js";
import { createJobReports, type JobReports, notBytes, outcomeOf, tooLarge } from "./job-reports.js";
import type { SendEvent, WorkerEvent } from "./send-event.js";
import type { TaskBounds } from "./task-bounds.js";
import type { TaskContext, TaskHandler } from "./task-handler.js";
import { TaskRefusal } from "./task-refusal.js";

/** One attempt at one task, in a worker's hands: whether it runs, stands still, or was stopped. */
export interface Job {
  readonly lease: Lease;
  readonly kind: string;
  /** After how much silence of the leader it stops, in milliseconds; 0 for the time of the session. */
  readonly stopAfterMs: number;
  readonly reports: JobReports;
  /** Whether the operator has paused it. */
  readonly paused: boolean;
  /** Whether it was stopped: the leader ignores it from then on. */
  readonly stopped: boolean;
  /** Runs the handler, and reports the outcome if the job was not stopped meanwhile. Never rejects. */
  run(handle: TaskHandler): Promise<void>;
  /** Pauses it, or lets it go on. */
  pause(paused: boolean): void;
  /** Stops it: the handler's signal aborts. */
  stop(reason: string): void;
}

/** Creates a job that has not begun. */
export function createJob(assignment: Assignment, lease: Lease, send: SendEvent, bounds: TaskBounds): Job {
  const reports = createJobReports(lease, send);
  let paused = false;
  /** Why it was stopped. */
  let stopped: Error | undefined;
  /** Made on demand: most handlers of short tasks do not ask for the signal, and it is expensive. */
  let controller: AbortController | undefined;
  /** Those that wait for the job to go on. Made on demand, too. */
  let resuming: Set<() => void> | undefined;

  const isOver = () => stopped !== undefined || reports.finished;

  function signal(): AbortSignal {
    if (!controller) {
      controller = new AbortController();
      setMaxListeners(0, controller.signal); // A handler may wait for any number of things under it.
      if (stopped) controller.abort(stopped);
    }
    return controller.signal;
  }

  function untilResumed(): Promise<void> {
    if (!paused) return Promise.resolve();
    resuming ??= new Set();
    const waiting = resuming;
    return untilStopped(signal(), (resolve) => waiting.add(resolve));
  }

  const context: TaskContext = {
    get signal() {
      return signal();
    },
    progress(fraction, stage = "") {
      if (!isOver()) reports.progress({ fraction, stage });
    },
    checkpoint(state) {
      if (isOver()) return Promise.reject(stopped ?? new Error("The attempt has ended."));
      const { checkpointBytes } = bounds;
      if (!(state instanceof Uint8Array)) return Promise.reject(new TaskRefusal("fail", notBytes("CHECKPOINT", state)));
      if (state.length > checkpointBytes) {
        const message = tooLarge("CHECKPOINT_TOO_LARGE", "checkpoint", state.length, checkpointBytes);
        return Promise.reject(new TaskRefusal("fail", message));
      }
      const sequence = reports.checkpoint(state);
      return untilStopped(signal(), (resolve) => reports.onConfirmed(sequence, resolve));
    },
    unpaused: untilResumed,
  };

  return {
    lease,
    kind: assignment.kind,
    stopAfterMs: assignment.stopAfterMs,
    reports,
    get paused() {
      return paused;
    },
    get stopped() {
      return stopped !== undefined;
    },
    async run(handle) {
      const { kind, payload, deadline, checkpoint } = assignment;
      const { taskId, attempt, leaseToken } = lease;
      const task = { taskId, attempt, leaseToken, kind, payload, deadline, checkpoint };
      const { traceparent } = assignment;
      const attributes = {
        "interlock.task.id": taskId,
        "interlock.task.kind": kind,
        "interlock.task.attempt": attempt,
      };
      const span = beginLinkedSpan({ name: `process ${kind}`, kind: "consumer", traceparent, attributes });
      const work = () => handle(task, context);
      const outcome = await outcomeOf(lease, bounds, () => (span ? span.run(work) : work()));
      if (!stopped) reports.finish(outcome);
      span?.end(...endOf(outcome, stopped));
    },
    pause(now) {
      paused = now;
      if (paused || !resuming) return;
      for (const resolve of resuming) resolve();
      resuming.clear();
    },
    stop(reason) {
      stopped = new Error(reason);
      controller?.abort(stopped);
    },
  };
}

/** How the span of an attempt ends. */
function endOf({ $case: outcome }: WorkerEvent, stopped: Error | undefined): [Record<string, string>, boolean] {
  if (stopped) return [{ "interlock.task.outcome": "stopped", "error.type": "stopped" }, true];
  const isDone = outcome === "completeTask";
  return [{ "interlock.task.outcome": outcome, ...(!isDone && { "error.type": outcome }) }, !isDone];
}

/** A promise that rejects when `signal` aborts; `register` is given the function that resolves it. */
function untilStopped(signal: AbortSignal, register: (resolve: () => void) => void): Promise<void> {
  const promise = new Promise<void>((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    register(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    });
  });
  promise.catch(() => {}); // A handler that does not wait for it learns of the end from its signal.
  return promise;
}
