import type { Clock } from "@interlock/bot";
import type { Lease } from "../gen/interlock/swarm/v1/swarm.js";
import { TaskState } from "../gen/interlock/swarm/v1/swarm.js";
import { leaseOf, sameLease } from "../lease.js";
import { type SwarmReason, swarmError } from "../swarm-error.js";
import { isClosed } from "../task-state.js";
import type { Allocator } from "./allocator.js";
import type { Entry } from "./entry.js";
import type { Journal } from "./journal.js";
import { type ReportEvent, readReport } from "./read-report.js";
import type { TaskTable } from "./task-table.js";
import { response, type WorkerSession } from "./worker-session.js";

/** A worker reported on what it does not hold, for example after it was declared lost. */
export interface Refusal {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly worker: string;
  readonly taskId: string;
  readonly attempt: number;
  /** The fencing token that it showed. */
  readonly leaseToken: bigint;
  readonly reason: SwarmReason;
}

/** What workers report on tasks, checked against the leases: the fence. */
export interface Reports {
  /** Takes one report. Throws when no honest worker makes it. */
  receive(desk: WorkerSession, event: ReportEvent): void;
}

export interface ReportsOptions {
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly book: TaskTable;
  readonly journal: Journal;
  readonly allocator: () => Allocator;
  readonly onRefusal: (refusal: Refusal) => void;
}

export function createReports({ clock, leaseMs, book, journal, allocator, onRefusal }: ReportsOptions): Reports {
  function receipt(desk: WorkerSession, lease: Lease, reason: SwarmReason | "", sequence = 0): void {
    journal.after(() => desk.sink?.send(response("receipt", { lease, recorded: reason === "", reason, sequence })));
  }

  function refuse(desk: WorkerSession, lease: Lease, entry: Entry | undefined): void {
    const { taskId, attempt, leaseToken } = lease;
    const reason = reasonAgainst(desk.name, lease, entry);
    const at = clock.now();
    journal.record({
      ...{ at, kind: "refusal", actor: desk.name, subject: taskId.slice(0, 128), attempt, reason },
      leaseToken: Number(leaseToken),
    });
    journal.after(() => onRefusal({ at, worker: desk.name, taskId, attempt, leaseToken, reason }), false);
    if (reason === "TASK_NOT_ASSIGNED") throw swarmError(reason);
    receipt(desk, lease, reason);
  }

  return {
    receive(desk, event) {
      const report = readReport(event);
      const { lease } = report;
      const entry = book.find(lease.taskId);
      const own = entry?.task.worker === desk.name && sameLease(lease, leaseOf(entry.task));
      if (!entry || !own || isClosed(entry.task.state)) {
        // What is said twice, because the first receipt was lost, is answered twice.
        const again = own && report.kind === "close" && report.state === entry?.task.state;
        if (again) receipt(desk, lease, "");
        else refuse(desk, lease, entry);
        return;
      }
      const { state } = entry.task;
      entry.expiresAt = clock.now() + leaseMs;
      switch (report.kind) {
        case "extend":
          break;
        case "accept":
          // One that is repeated, or comes after progress, says nothing new.
          if (state !== TaskState.TASK_STATE_ASSIGNED) break;
          book.change(entry, { state: TaskState.TASK_STATE_ACCEPTED }, false);
          break;
        case "progress": {
          const { progress, checkpoint, sequence } = report;
          const held = state === TaskState.TASK_STATE_PAUSED ? state : TaskState.TASK_STATE_RUNNING;
          const urgent = checkpoint.length > 0;
          book.change(entry, { state: held, progress, ...(urgent && { checkpoint }) }, urgent);
          if (sequence > 0) receipt(desk, lease, "", sequence);
          break;
        }
        case "close":
          allocator().close(entry, { state: report.state, reason: report.reason, result: report.result });
          receipt(desk, lease, "");
          break;
        case "back":
          allocator().takeBack(entry, report.reason, { failure: true, later: report.later });
          receipt(desk, lease, "");
      }
    },
  };
}

/** Why a report does not count. Only who once had the lease, or a task that is gone, is told anything milder than 7. */
function reasonAgainst(worker: string, lease: Lease, entry: Entry | undefined): SwarmReason {
  if (!entry) return "TASK_UNKNOWN";
  const { task } = entry;
  if (task.worker === worker && sameLease(lease, leaseOf(task))) return "TASK_CLOSED";
  const earlier = task.earlierAttempts.some(
    (each) => each.worker === worker && each.attempt === lease.attempt && each.leaseToken === lease.leaseToken,
  );
  if (!earlier) return "TASK_NOT_ASSIGNED";
  return isClosed(task.state) ? "TASK_CLOSED" : "LEASE_STALE";
}
