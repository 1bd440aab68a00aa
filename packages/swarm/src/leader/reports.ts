import type { Clock } from "@interlock/bot";
import { createRateLimiter, monotonicOf } from "@interlock/bot/internal";
import type { Lease } from "../gen/interlock/swarm/v1/swarm.js";
import { TaskState } from "../gen/interlock/swarm/v1/swarm.js";
import { leaseOf, namedAtMost, sameLease } from "../lease.js";
import { type SwarmReason, swarmError } from "../swarm-error.js";
import { isClosed } from "../task-state.js";
import type { Allocator } from "./allocator.js";
import { check } from "./check.js";
import type { Entry } from "./entry.js";
import type { Journal } from "./journal.js";
import type { LeaseTimes } from "./lease-times.js";
import type { Limits } from "./limits.js";
import { type ReportEvent, readReport } from "./read-report.js";
import { leaseRules } from "./request-rules.js";
import type { TaskTable } from "./task-table.js";
import { response, type WorkerSession } from "./worker-session.js";

/** A report that was refused: the worker does not hold the task, for example because it was declared lost before. */
export interface Refusal {
  /** When, in milliseconds since the epoch. */
  readonly at: number;
  /** The name of the worker, from its certificate. */
  readonly worker: string;
  /** The task that the report names. */
  readonly taskId: string;
  /** The attempt that the report names. */
  readonly attempt: number;
  /** The fencing token that the report shows. */
  readonly leaseToken: bigint;
  /** Why the report does not count. */
  readonly reason: SwarmReason;
}

/** The part that checks what workers report on tasks against the leases: the leader's own fence. */
export interface Reports {
  /** Takes one report. Throws when no honest worker sends it. */
  receive(session: WorkerSession, event: ReportEvent): void;
}

export interface ReportsOptions {
  readonly clock: Clock;
  readonly leases: LeaseTimes;
  readonly limits: Pick<Limits, "resultBytes" | "checkpointBytes">;
  readonly table: TaskTable;
  readonly journal: Journal;
  readonly allocator: Allocator;
  readonly onRefusal: (refusal: Refusal) => void;
}

/**
 * How many reports of one worker may be refused before its stream ends. A burst: a worker that comes back after it was lost
 * reports on as many tasks as a heartbeat may name.
 */
const refusedAtMost = { perSecond: 100, burst: namedAtMost };
/** How many refused reports of one worker are recorded in the audit: so none fills the record of the others. */
const recordedAtMost = { perSecond: 1, burst: 100 };

/** Creates the part that takes reports. */
export function createReports(options: ReportsOptions): Reports {
  const { clock, leases, limits, table, journal, allocator, onRefusal } = options;
  // By the worker's name, so that a new stream begins with nothing new. Bound: 10,000 names each.
  const refused = createRateLimiter(refusedAtMost);
  const recorded = createRateLimiter(recordedAtMost);

  const steady = monotonicOf(clock);

  /** Tells a worker that its report is on the disk, or why it does not count. `sequence`: of a checkpoint. */
  function receipt(
    session: WorkerSession,
    lease: Lease,
    reason: SwarmReason | "",
    { sequence = 0, urgent = true }: { sequence?: number; urgent?: boolean } = {},
  ): void {
    const message = response("receipt", { lease, recorded: reason === "", reason, sequence });
    journal.after(() => session.sink?.send(message), urgent);
  }

  function refuse(session: WorkerSession, lease: Lease, entry: Entry | undefined): void {
    const { taskId, attempt, leaseToken } = lease;
    const worker = session.name;
    const reason = reasonAgainst(worker, lease, entry);
    const at = clock.now();
    if (recorded.take(worker, steady.now()) === 0) {
      journal.record({
        at,
        kind: "refusal",
        actor: worker,
        subject: taskId,
        attempt,
        leaseToken: Number(leaseToken),
        reason,
      });
    }
    journal.after(() => onRefusal({ at, worker, taskId, attempt, leaseToken, reason }), false);
    if (refused.take(worker, steady.now()) > 0) throw swarmError("REPORTS_REFUSED");
    if (reason === "TASK_NOT_ASSIGNED") throw swarmError(reason);
    receipt(session, lease, reason);
  }

  /** Fails a task for good, because another attempt would report as much. The worker is told by the receipt. */
  function failTooLarge(session: WorkerSession, entry: Entry, reason: SwarmReason, length: number, sequence = 0): void {
    const lease = leaseOf(entry.task);
    const told = `${reason}: it has ${length} bytes`;
    allocator.close(entry, { state: TaskState.TASK_STATE_FAILED, reason: told });
    receipt(session, lease, reason, { sequence });
  }

  return {
    receive(session, event) {
      const report = readReport(event);
      const { lease } = report;
      check(lease, leaseRules, "lease.");
      const entry = table.find(lease.taskId);
      const own = entry?.task.worker === session.name && sameLease(lease, leaseOf(entry.task));
      if (!entry || !own || isClosed(entry.task.state)) {
        // A report that is repeated because its receipt was lost is answered again.
        const again = own && report.kind === "close" && report.state === entry?.task.state;
        if (again) receipt(session, lease, "");
        else refuse(session, lease, entry);
        return;
      }
      const { state } = entry.task;
      entry.expiresAt = steady.now() + leases.leaseMs(entry.task.kind, session.name);
      switch (report.kind) {
        case "extend":
          break;
        case "accept":
          // It says nothing new when it is repeated, or comes after progress.
          if (state !== TaskState.TASK_STATE_ASSIGNED) break;
          table.change(entry, { state: TaskState.TASK_STATE_ACCEPTED }, false);
          break;
        case "progress": {
          const { progress, checkpoint, sequence } = report;
          const held = state === TaskState.TASK_STATE_PAUSED ? state : TaskState.TASK_STATE_RUNNING;
          const urgent = checkpoint.length > 0;
          if (
            checkpoint.length > limits.checkpointBytes ||
            !table.hasRoom(checkpoint.length - entry.task.checkpoint.length)
          ) {
            failTooLarge(session, entry, "CHECKPOINT_TOO_LARGE", checkpoint.length, sequence);
            break;
          }
          table.change(entry, { state: held, progress, ...(urgent && { checkpoint }) }, urgent);
          if (sequence > 0) receipt(session, lease, "", { sequence });
          break;
        }
        case "close":
          if (report.result.length > limits.resultBytes) {
            failTooLarge(session, entry, "RESULT_TOO_LARGE", report.result.length);
            break;
          }
          allocator.finish(session, entry, { state: report.state, reason: report.reason, result: report.result });
          receipt(session, lease, "", { urgent: false }); // With the change, which may be urgent.
          break;
        case "back":
          allocator.takeBack(entry, report.reason, { failure: true, later: report.later });
          receipt(session, lease, "");
      }
    },
  };
}

/**
 * Why a report does not count. Only a worker that once had the lease, or that names a task that is gone, gets anything
 * milder than `TASK_NOT_ASSIGNED`.
 */
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
