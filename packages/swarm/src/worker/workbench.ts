import type {
  Assignment,
  Assignments,
  DispatchRequest,
  HeartbeatAnswer,
  Lease,
  Receipt,
  ReportProgress,
} from "../gen/interlock/swarm/v1/swarm.js";
import { UpdateType } from "../gen/interlock/swarm/v1/swarm.js";
import type { TaskContext, TaskHandler } from "./task-handler.js";
import { TaskRefusal } from "./task-refusal.js";

type Event = NonNullable<DispatchRequest["event"]>;

/** The tasks a worker has in hand, over all its connections. */
export interface Workbench {
  /**
   * Takes what is new, and begins it when a slot is free. A complete list opens a session: what is not on it stops, what was
   * said last is said again.
   */
  assign(assignments: Pick<Assignments, "type" | "assignments">): void;
  /** Stops and holds still what the leader wants. */
  watchHeaders(answer: Pick<HeartbeatAnswer, "cancel" | "pause">): void;
  /** Forgets what the leader has heard; stops what it does not want. */
  receipt(receipt: Receipt): void;
  /** Stops everything that is not done, and says so if `tell`. */
  stopAll(reason: string, tell?: boolean): void;
  /** While this is set, nothing is begun: it is handed back for this reason. */
  hold(reason: string | undefined): void;
  /** What is in hand, begun or not, with what is done and not confirmed. */
  held(): Lease[];
  /** Resolves once no handler runs, also of those that were stopped. */
  idle(): Promise<void>;
}

interface Job {
  readonly assignment: Assignment;
  readonly lease: Lease;
  /** Why it was stopped. */
  stopped?: Error;
  /** What its handler knows that by, once it has asked. */
  controller?: AbortController;
  /** The last word on it, kept until it is confirmed. */
  outcome?: Event;
  /** The last checkpoint, until it is confirmed. */
  unconfirmed?: ReportProgress;
  latest: Pick<ReportProgress, "progress">;
  /** Who waits for a checkpoint of this number, or a later one, to be confirmed. */
  readonly confirming: Map<number, () => void>;
  /** Whether the leader has been told anything of it. */
  told: boolean;
  paused: boolean;
  /** Who waits for it to go on. */
  readonly resuming: Set<() => void>;
}

// At least so many: far more than can be taken while a leader's answer is on its way.
const takenKept = 10_000;

/** Makes a workbench that reports with `send`, which may lose what it is given while there is no connection. */
export function createWorkbench(
  handle: TaskHandler,
  slots: number,
  send: (event: Event, key?: unknown) => void,
): Workbench {
  const jobs = new Map<bigint, Job>(); // by lease token
  /** What has not been begun: all slots are taken, also by what was stopped and is still on its way to a halt. */
  const queue: Job[] = [];
  const running = new Set<Promise<void>>();
  /** What has come within this turn of the event loop. */
  const untold: Job[] = [];
  let holding: string | undefined;
  let taken = new Set<bigint>(); // lease tokens
  let takenBefore: ReadonlySet<bigint> = taken;
  let checkpoints = 0;

  function take(assignment: Assignment, lease: Lease): void {
    // The leader may confirm an attempt that was stopped after it had been named in the Session, and may have had its
    // effect: one lease is taken once.
    const known = taken.has(lease.leaseToken) || takenBefore.has(lease.leaseToken);
    const reason = holding ?? (known ? "ATTEMPT_STOPPED" : undefined);
    if (reason !== undefined) {
      send({ $case: "forfeitTask", value: { lease, reason } });
      return;
    }
    remember(lease.leaseToken);
    const job: Job = {
      assignment,
      lease,
      latest: { progress: undefined },
      confirming: new Map(),
      told: false,
      paused: false,
      resuming: new Set(),
    };
    jobs.set(lease.leaseToken, job);
    queue.push(job);
    begin();
    if (untold.push(job) === 1) setImmediate(acceptUntold);
  }

  /** What is done at once, or reports at once, need not be accepted as well. */
  function acceptUntold(): void {
    for (const job of untold.splice(0)) {
      if (!job.told && !job.stopped) tell(job, { $case: "acceptTask", value: { lease: job.lease } });
    }
  }

  function tell(job: Job, event: Event, key?: unknown): void {
    job.told = true;
    send(event, key);
  }

  function remember(leaseToken: bigint): void {
    taken.add(leaseToken);
    if (taken.size < takenKept) return;
    takenBefore = taken;
    taken = new Set();
  }

  function begin(): void {
    while (running.size < slots) {
      const next = queue.findIndex(({ paused }) => !paused);
      const [job] = next < 0 ? [] : queue.splice(next, 1);
      if (!job) return;
      const done = run(job).finally(() => {
        running.delete(done);
        begin();
      });
      running.add(done);
    }
  }

  async function run(job: Job): Promise<void> {
    const { assignment, lease } = job;
    const { kind, payload, deadline, checkpoint } = assignment;
    const { taskId, attempt, leaseToken } = lease;
    const task = { taskId, attempt, leaseToken, kind, payload, deadline, checkpoint };
    const event = await outcomeOf(lease, () => handle(task, contextOf(job)));
    if (job.stopped) return;
    job.outcome = event;
    tell(job, event);
  }

  function contextOf(job: Job): TaskContext {
    const { lease } = job;
    const over = () => job.stopped !== undefined || job.outcome !== undefined;
    return {
      get signal() {
        return signalOf(job);
      },
      progress(fraction, stage = "") {
        if (over()) return;
        job.latest = { progress: { fraction, stage } };
        report(job, { lease, ...job.latest, checkpoint: new Uint8Array(), sequence: 0 }, lease.leaseToken);
      },
      checkpoint(state) {
        if (over()) return Promise.reject(job.stopped ?? new Error("The attempt is over."));
        const sequence = ++checkpoints;
        job.unconfirmed = { lease, ...job.latest, checkpoint: state, sequence };
        report(job, job.unconfirmed);
        return untilOver(signalOf(job), (resolve) => job.confirming.set(sequence, resolve));
      },
      unpaused: () =>
        job.paused ? untilOver(signalOf(job), (resolve) => job.resuming.add(resolve)) : Promise.resolve(),
    };
  }

  function report(job: Job, value: ReportProgress, key?: unknown): void {
    if (!job.outcome) tell(job, { $case: "reportProgress", value }, key);
  }

  function stop(job: Job, reason: string): void {
    jobs.delete(job.lease.leaseToken);
    const place = queue.indexOf(job);
    if (place >= 0) queue.splice(place, 1);
    job.stopped = new Error(reason);
    job.controller?.abort(job.stopped);
  }

  function confirm(job: Job, sequence: number): void {
    if (job.unconfirmed && job.unconfirmed.sequence <= sequence) delete job.unconfirmed;
    for (const [number, resolve] of job.confirming) {
      if (number > sequence) continue;
      job.confirming.delete(number);
      resolve();
    }
  }

  function takeUp(wanted: ReadonlySet<bigint | undefined>): void {
    for (const job of [...jobs.values()]) {
      const { lease, outcome, unconfirmed } = job;
      // A last word is said again until it is answered, even if it comes too late: the leader is to know.
      if (outcome) send(outcome);
      else if (!wanted.has(lease.leaseToken)) stop(job, "LEASE_STALE");
      else {
        tell(job, { $case: "acceptTask", value: { lease } });
        if (unconfirmed) report(job, unconfirmed);
      }
    }
  }

  return {
    assign({ type, assignments }) {
      if (type === UpdateType.UPDATE_TYPE_COMPLETE) takeUp(new Set(assignments.map(({ lease }) => lease?.leaseToken)));
      for (const assignment of assignments) {
        if (assignment.lease && !jobs.has(assignment.lease.leaseToken)) take(assignment, assignment.lease);
      }
    },
    watchHeaders({ cancel, pause }) {
      for (const { lease, reason } of cancel) {
        const job = lease && jobs.get(lease.leaseToken);
        if (job && !job.outcome) stop(job, reason);
      }
      const paused = new Set(pause.map(({ leaseToken }) => leaseToken));
      for (const job of jobs.values()) {
        job.paused = paused.has(job.lease.leaseToken);
        if (job.paused) continue;
        for (const resolve of job.resuming) resolve();
        job.resuming.clear();
      }
      begin();
    },
    receipt({ lease, recorded, reason, sequence }) {
      const job = lease && jobs.get(lease.leaseToken);
      if (!job) return;
      if (!recorded) stop(job, reason);
      else if (sequence > 0) confirm(job, sequence);
      else if (job.outcome) jobs.delete(job.lease.leaseToken);
    },
    stopAll(reason, tell = false) {
      for (const job of [...jobs.values()]) {
        if (job.outcome) continue;
        if (tell) send({ $case: "forfeitTask", value: { lease: job.lease, reason } });
        stop(job, reason);
      }
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

/** Made when somebody asks: most handlers of short tasks do not, and it is dear. */
function signalOf(job: Job): AbortSignal {
  if (!job.controller) {
    job.controller = new AbortController();
    if (job.stopped) job.controller.abort(job.stopped);
  }
  return job.controller.signal;
}

/** A promise that `register` is given the means to resolve, and that rejects when `signal` aborts. */
function untilOver(signal: AbortSignal, register: (resolve: () => void) => void): Promise<void> {
  const promise = new Promise<void>((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    register(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    });
  });
  promise.catch(() => {}); // Whoever does not wait for it is told by the signal.
  return promise;
}

async function outcomeOf(lease: Lease, work: () => Promise<Uint8Array | undefined>): Promise<Event> {
  try {
    return { $case: "completeTask", value: { lease, result: (await work()) ?? new Uint8Array() } };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (!(error instanceof TaskRefusal)) return { $case: "failTask", value: { lease, reason, permanent: false } };
    if (error.kind === "fail") return { $case: "failTask", value: { lease, reason, permanent: true } };
    return { $case: error.kind === "reject" ? "rejectTask" : "forfeitTask", value: { lease, reason } };
  }
}
