import type { DispatchRequest, Lease, Progress, Task } from "./gen/interlock/swarm/v1/swarm.js";
import { TaskState } from "./gen/interlock/swarm/v1/swarm.js";

type Event = NonNullable<DispatchRequest["event"]>;

/** The events that report on a task. */
export type ReportEvent = Exclude<Event, { $case: "session" | "heartbeat" | "endSession" }>;

/** What a worker's report means for the task. */
export interface Report {
  readonly lease: Lease;
  /** How the task changes; absent when it is handed back. */
  readonly change?: Partial<Task> & { readonly state: TaskState };
  /** Why it is handed back. */
  readonly forfeit?: string;
  readonly checkpoint?: Uint8Array;
  /** Whether this is the worker's last word on the attempt. */
  readonly final: boolean;
}

const noLease: Lease = { taskId: "", attempt: 0, leaseToken: "" };

/** Reads a report, and cuts to size what a worker may choose freely. */
export function readReport({ $case, value }: ReportEvent): Report {
  const lease = value.lease ?? noLease;
  switch ($case) {
    case "acceptTask":
      return { lease, final: false, change: { state: TaskState.TASK_STATE_ACCEPTED } };
    case "reportProgress": {
      const change = { state: TaskState.TASK_STATE_RUNNING, progress: sound(value.progress) };
      return { lease, final: false, change, checkpoint: value.checkpoint };
    }
    case "completeTask": {
      const change = { state: TaskState.TASK_STATE_COMPLETED, result: value.result, reason: "" };
      return { lease, final: true, change };
    }
    case "failTask":
      return { lease, final: true, change: { state: TaskState.TASK_STATE_FAILED, reason: short(value.reason) } };
    case "rejectTask":
      return { lease, final: true, change: { state: TaskState.TASK_STATE_REJECTED, reason: short(value.reason) } };
    case "forfeitTask":
      return { lease, final: true, forfeit: short(value.reason) };
  }
}

function sound(progress: Progress | undefined): Progress {
  const fraction = progress?.fraction ?? 0;
  return { fraction: fraction >= 0 ? Math.min(fraction, 1) : 0, stage: (progress?.stage ?? "").slice(0, 64) };
}

function short(reason: string): string {
  return reason.slice(0, 500);
}
