import type { Assignment, Assignments, DispatchRequest, Lease, Receipt } from "./gen/interlock/swarm/v1/swarm.js";
import { UpdateType } from "./gen/interlock/swarm/v1/swarm.js";
import { TaskRefusal } from "./task-refusal.js";

type Event = NonNullable<DispatchRequest["event"]>;

/** One attempt at one task, as a worker gets it. */
export interface WorkerTask {
  readonly taskId: string;
  /** From 1. */
  readonly attempt: number;
  readonly kind: string;
  readonly payload: Uint8Array;
  readonly deadline: Date | undefined;
  /** Where an earlier attempt left off; empty when none did. */
  readonly checkpoint: Uint8Array;
}

/** What a handler may use while it works on a task. */
export interface TaskContext {
  /** Aborts when the task is cancelled, is given to another, or the leader is gone: stop at once. */
  readonly signal: AbortSignal;
  /** Says how far it is, from 0 to 1, and what the next attempt would need. Only the latest is sure to arrive. */
  progress(fraction: number, stage?: string, checkpoint?: Uint8Array): void;
}

/** Does one task. What it returns is the result; what it throws fails the task, unless it is a `TaskRefusal`. */
export type TaskHandler = (task: WorkerTask, context: TaskContext) => Promise<Uint8Array | undefined>;

/** The tasks a worker has in hand, over all its connections. */
export interface Workbench {
  /** Starts what is new. A complete list opens a session: what is not on it stops, what was said last is said again. */
  assign(assignments: Assignments): void;
  cancel(lease: Lease | undefined, reason: string): void;
  /** Forgets what the leader has heard; stops what it does not want. */
  receipt(receipt: Receipt): void;
  stopAll(reason: string): void;
}

interface Job {
  readonly lease: Lease;
  readonly controller: AbortController;
  /** The last word on it, kept until it is confirmed. */
  outcome?: Event;
}

/** Makes a workbench that reports with `send`, which may lose what it is given while there is no connection. */
export function createWorkbench(handle: TaskHandler, send: (event: Event, key?: unknown) => void): Workbench {
  const jobs = new Map<string, Job>(); // by lease token

  function start(assignment: Assignment, lease: Lease): void {
    const { taskId, attempt, leaseToken } = lease;
    const controller = new AbortController();
    const { signal } = controller;
    const job: Job = { lease, controller };
    jobs.set(leaseToken, job);
    send({ $case: "acceptTask", value: { lease } });
    const { kind, payload, deadline, checkpoint } = assignment;
    const context: TaskContext = {
      signal,
      progress(fraction, stage = "", latest = new Uint8Array()) {
        if (signal.aborted || job.outcome) return;
        send(
          { $case: "reportProgress", value: { lease, progress: { fraction, stage }, checkpoint: latest } },
          leaseToken,
        );
      },
    };
    void outcomeOf(lease, () => handle({ taskId, attempt, kind, payload, deadline, checkpoint }, context)).then(
      (event) => {
        if (signal.aborted) return;
        job.outcome = event;
        send(event);
      },
    );
  }

  function stop(job: Job, reason: string): void {
    jobs.delete(job.lease.leaseToken);
    job.controller.abort(new Error(reason));
  }

  return {
    assign({ type, assignments }) {
      const wanted = new Set(assignments.map(({ lease }) => lease?.leaseToken));
      if (type === UpdateType.UPDATE_TYPE_COMPLETE) {
        for (const job of [...jobs.values()]) {
          // A last word is said again until it is answered, even if it comes too late: the leader is to know.
          if (job.outcome) send(job.outcome);
          else if (wanted.has(job.lease.leaseToken)) send({ $case: "acceptTask", value: { lease: job.lease } });
          else stop(job, "LEASE_STALE");
        }
      }
      for (const assignment of assignments) {
        if (assignment.lease && !jobs.has(assignment.lease.leaseToken)) start(assignment, assignment.lease);
      }
    },
    cancel(lease, reason) {
      const job = jobs.get(lease?.leaseToken ?? "");
      if (job) stop(job, reason);
    },
    receipt({ lease, recorded, reason }) {
      const job = jobs.get(lease?.leaseToken ?? "");
      if (job && (job.outcome || !recorded)) stop(job, reason);
    },
    stopAll(reason) {
      for (const job of [...jobs.values()]) if (!job.outcome) stop(job, reason);
    },
  };
}

async function outcomeOf(lease: Lease, work: () => Promise<Uint8Array | undefined>): Promise<Event> {
  try {
    return { $case: "completeTask", value: { lease, result: (await work()) ?? new Uint8Array() } };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (!(error instanceof TaskRefusal)) return { $case: "failTask", value: { lease, reason } };
    return { $case: error.kind === "reject" ? "rejectTask" : "forfeitTask", value: { lease, reason } };
  }
}
