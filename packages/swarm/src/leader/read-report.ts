import type { DispatchRequest, Lease, Progress } from "../gen/interlock/swarm/v1/swarm.js";
import { TaskState } from "../gen/interlock/swarm/v1/swarm.js";
import { noLease } from "../lease.js";
import { storableText } from "../text.js";
import { reasonKept, stageKept } from "./limits.js";

type Event = NonNullable<DispatchRequest["event"]>;

/** The events that report on a task. */
export type ReportEvent = Exclude<Event, { $case: "session" | "batch" | "heartbeat" | "endSession" }>;

/** The meaning of a worker's report for the task. */
export type Report = { readonly lease: Lease } & (
  | { readonly kind: "extend" | "accept" }
  | {
      readonly kind: "progress";
      readonly progress: Progress;
      readonly checkpoint: Uint8Array;
      readonly sequence: number;
    }
  /** The worker's last word: the task is closed. */
  | { readonly kind: "close"; readonly state: TaskState; readonly reason: string; readonly result: Uint8Array }
  /** The worker's last word: the task is taken back. */
  | { readonly kind: "back"; readonly reason: string; readonly later: boolean }
);

const nothing = new Uint8Array();

/** Reads a report. Texts that a worker may choose freely are cut, and not refused: the message of an error may be anything. */
export function readReport({ $case, value }: ReportEvent): Report {
  const lease = value.lease ?? noLease;
  switch ($case) {
    case "extendLease":
      return { lease, kind: "extend" };
    case "acceptTask":
      return { lease, kind: "accept" };
    case "reportProgress": {
      const { progress, checkpoint, sequence } = value;
      return { lease, kind: "progress", progress: sound(progress), checkpoint, sequence };
    }
    case "completeTask":
      return { lease, kind: "close", state: TaskState.TASK_STATE_COMPLETED, reason: "", result: value.result };
    case "failTask": {
      const reason = short(value.reason);
      if (!value.permanent) return { lease, kind: "back", reason, later: true };
      return { lease, kind: "close", state: TaskState.TASK_STATE_FAILED, reason, result: nothing };
    }
    case "rejectTask":
      return {
        lease,
        kind: "close",
        state: TaskState.TASK_STATE_REJECTED,
        reason: short(value.reason),
        result: nothing,
      };
    case "forfeitTask":
      return { lease, kind: "back", reason: short(value.reason), later: false };
  }
}

function sound(progress: Progress | undefined): Progress {
  const fraction = progress?.fraction ?? 0;
  return { fraction: fraction >= 0 ? Math.min(fraction, 1) : 0, stage: storableText(progress?.stage ?? "", stageKept) };
}

function short(reason: string): string {
  return storableText(reason, reasonKept);
}
