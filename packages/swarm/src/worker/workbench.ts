import type { Assignment, Assignments, HeartbeatAnswer, Lease, Receipt } from "../gen/interlock/swarm/v1/swarm.js";
import { UpdateType } from "../gen/interlock/swarm/v1/swarm.js";
import { createJob, type Job } from "./job.js";
import type { SendEvent } from "./send-event.js";
import { createTakenLeases } from "./taken-leases.js";
import { createTaskBounds, type TaskBounds } from "./task-bounds.js";
import type { TaskHandler } from "./task-handler.js";

/** The tasks that a worker has in hand, over all its connections. Bound: the leader gives at most 1,000 at a time. */
export interface Workbench {
  /**
   * Takes new tasks, and begins each when a slot is free. A complete list opens a session: tasks that are not on it stop, and
   * the last report on each of the others is repeated.
   */
  assign(assignments: Pick<Assignments, "type" | "assignments">): void;
  /** Applies what a heartbeat answer demands: stops and pauses tasks, and lets the others go on. */
  apply(answer: Pick<HeartbeatAnswer, "cancel" | "pause">): void;
  /** Forgets what the leader has recorded; stops the task whose report it has refused. */
  receipt(receipt: Receipt): void;
  /** Stops every task that has no outcome yet; with `tell`, hands each back to the leader. */
  stopAll(reason: string, tell?: boolean): void;
  /**
   * Stops the tasks without an outcome whose time is over after so much silence of the leader, in milliseconds. `stopAfterMs` is
   * the time of a task that has none of its own.
   */
  stopSilent(reason: string, silentMs: number, stopAfterMs: number): void;
  /** The kinds of the tasks whose handlers have run at some time since the last call, and gives each once. */
  ranSince(): string[];
  /** Begins nothing while a reason is set, and hands new tasks back for this reason. */
  hold(reason: string | undefined): void;
  /** The leases in hand: those that wait, those that run, and those whose outcome is not confirmed. */
  held(): Lease[];
  /** Resolves once no handler runs, not even one that was stopped. */
  idle(): Promise<void>;
}

/** Creates a workbench; `slots` handlers run at a time. */
export function createWorkbench(
  handle: TaskHandler,
  slots: number,
  send: SendEvent,
  bounds: TaskBounds = createTaskBounds(),
): Workbench {
  const jobs = new Map<bigint, Job>(); // by lease token
  /** The jobs that have not begun: all slots are taken, some perhaps by stopped handlers that have not returned yet. */
  const queue: Job[] = [];
  const running = new Set<Promise<void>>();
  /** The jobs that were taken within this turn of the event loop. */
  const fresh: Job[] = [];
  const taken = createTakenLeases();
  let ran = new Set<string>();
  const runs = new Map<string, number>();
  let holding: string | undefined;

  function take(assignment: Assignment, lease: Lease): void {
    const job = createJob(assignment, lease, send, bounds);
    // The leader may confirm an attempt that was stopped after the Session had named it, and that may have had its effect.
    // So one lease is taken once.
    const reason = holding ?? (taken.add(lease.leaseToken) ? undefined : "ATTEMPT_STOPPED");
    if (reason !== undefined) {
      job.reports.forfeit(reason);
      return;
    }
    jobs.set(lease.leaseToken, job);
    queue.push(job);
    begin();
    if (fresh.push(job) === 1) setImmediate(acceptFresh);
  }

  /** A task that is finished at once, or reports at once, need not be accepted as well. */
  function acceptFresh(): void {
    for (const job of fresh.splice(0)) if (!job.stopped) job.reports.accept();
  }

  function begin(): void {
    while (running.size < slots) {
      const next = queue.findIndex(({ paused }) => !paused);
      const [job] = next < 0 ? [] : queue.splice(next, 1);
      if (!job) return;
      const { kind } = job;
      ran.add(kind);
      runs.set(kind, (runs.get(kind) ?? 0) + 1);
      const done = job.run(handle).finally(() => {
        running.delete(done);
        const left = (runs.get(kind) ?? 1) - 1;
        if (left > 0) runs.set(kind, left);
        else runs.delete(kind);
        begin();
      });
      running.add(done);
    }
  }

  function stop(job: Job, reason: string): void {
    jobs.delete(job.lease.leaseToken);
    const place = queue.indexOf(job);
    if (place >= 0) queue.splice(place, 1);
    job.stop(reason);
  }

  function reconcile(wanted: ReadonlySet<bigint | undefined>): void {
    for (const job of [...jobs.values()]) {
      if (job.reports.finished || wanted.has(job.lease.leaseToken)) job.reports.repeat();
      else stop(job, "LEASE_STALE");
    }
  }

  return {
    assign({ type, assignments }) {
      if (type === UpdateType.UPDATE_TYPE_COMPLETE)
        reconcile(new Set(assignments.map(({ lease }) => lease?.leaseToken)));
      for (const assignment of assignments) {
        if (assignment.lease && !jobs.has(assignment.lease.leaseToken)) take(assignment, assignment.lease);
      }
    },
    apply({ cancel, pause }) {
      for (const { lease, reason } of cancel) {
        const job = lease && jobs.get(lease.leaseToken);
        if (job && !job.reports.finished) stop(job, reason);
      }
      const paused = new Set(pause.map(({ leaseToken }) => leaseToken));
      for (const job of jobs.values()) job.pause(paused.has(job.lease.leaseToken));
      begin();
    },
    receipt({ lease, recorded, reason, sequence }) {
      const job = lease && jobs.get(lease.leaseToken);
      if (!job) return;
      if (!recorded) stop(job, reason);
      else if (sequence > 0) job.reports.confirm(sequence);
      else if (job.reports.finished) jobs.delete(job.lease.leaseToken);
    },
    stopAll(reason, tell = false) {
      for (const job of [...jobs.values()]) {
        if (job.reports.finished) continue;
        if (tell) job.reports.forfeit(reason);
        stop(job, reason);
      }
    },
    stopSilent(reason, silentMs, stopAfterMs) {
      for (const job of [...jobs.values()]) {
        if (!job.reports.finished && silentMs >= Math.max(job.stopAfterMs, stopAfterMs)) stop(job, reason);
      }
    },
    ranSince() {
      const kinds = [...ran];
      ran = new Set(runs.keys());
      return kinds;
    },
    hold(reason) {
      holding = reason;
    },
    held: () => [...jobs.values()].map(({ lease }) => lease),
    async idle() {
      while (running.size > 0) await Promise.all(running);
    },
  };
}
