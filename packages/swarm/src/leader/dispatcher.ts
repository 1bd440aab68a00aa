import { type Clock, systemClock, type Unsubscribe } from "@interlock/bot";
import { createListeners, monotonicOf } from "@interlock/bot/internal";
import { v7 as timeOrderedId } from "uuid";
import type { Safety, Session, Task, Worker } from "../gen/interlock/swarm/v1/swarm.js";
import { TaskState } from "../gen/interlock/swarm/v1/swarm.js";
import type { Inheritance, StoredTask, TaskStore } from "../store/task-store.js";
import { swarmError } from "../swarm-error.js";
import { isClosed } from "../task-state.js";
import { systemWait, type Wait } from "../wait.js";
import { createAllocator } from "./allocator.js";
import { check } from "./check.js";
import { createCounter } from "./counter.js";
import type { Entry } from "./entry.js";
import { createForgottenKeys } from "./forgotten-keys.js";
import { createHeartbeatAnswer } from "./heartbeat-answer.js";
import { createJournal } from "./journal.js";
import { createLeaseTimes } from "./lease-times.js";
import { createLimits, type Limits, messageBytesAtMost } from "./limits.js";
import { createListening } from "./listening.js";
import { createOperations, type Operations } from "./operations.js";
import { createQuotas, type Quota } from "./quotas.js";
import { createReads, type ReadLimits, type Reads } from "./reads.js";
import { createReportPace, type ReportPace } from "./report-pace.js";
import { createReports, type Refusal } from "./reports.js";
import { drainWorkerRules } from "./request-rules.js";
import { createRoster } from "./roster.js";
import { createSafety, type SafetyController } from "./safety.js";
import { type Connection, createSessions, type WorkerChange } from "./sessions.js";
import { fromStored } from "./stored-task.js";
import { type Tally, tallyOf } from "./tally.js";
import { createTaskTable } from "./task-table.js";
import { createTenure } from "./tenure.js";
import { createTiming, type Timing } from "./timing.js";
import { traceTask } from "./trace-task.js";
import { type Sink, toWorker, type WorkerSession } from "./worker-session.js";
import { createWriter } from "./writer.js";

/** The settings by which a leader dispatches tasks. */
export interface DispatchOptions extends Partial<Timing> {
  /** The time. Default: the clock of the machine. */
  readonly clock?: Clock;
  /** How it waits; tests pass one that does not. Default: timers of Node. */
  readonly wait?: Wait;
  /** A task is FAILED once this many of its attempts were lost, failed or were handed back. Default: 5. */
  readonly maximumAttempts?: number;
  /** More open tasks than this are refused with `TASK_LIMIT`. Default: 100,000. */
  readonly maximumOpen?: number;
  /** How many closed tasks are remembered, the latest; up to a twentieth more at times. Default: 10,000. */
  readonly keepClosed?: number;
  /**
   * How long an idempotency key is remembered after its task was closed, in milliseconds, whether the task itself still is or
   * not. `limits.keyBytes` bounds it. Default: 86,400,000, a day.
   */
  readonly keepKeysMs?: number;
  /** The bounds of what tasks contain. Default: `defaultLimits`. */
  readonly limits?: Partial<Limits>;
  /**
   * The share of a submitter, as far as it differs from `defaultQuota`. Default: no difference. Example:
   * `(submitter) => (submitter === "orders/1" ? { openTasks: 50_000 } : {})`.
   */
  readonly quotaOf?: (submitter: string) => Partial<Quota>;
  /** How much a caller may read. Default: `defaultReadLimits`. */
  readonly reads?: Partial<ReadLimits>;
  /**
   * The capabilities that a worker may offer, by the name in its certificate; one that ends in `*` stands for all that begin so.
   * A session that offers another ends with `CAPABILITY_NOT_GRANTED`. Default: any worker may offer any. Example:
   * `(worker) => (worker.startsWith("worker/arm-") ? ["lift", "grip.*"] : [])`.
   */
  readonly capabilitiesOf?: (worker: string) => readonly string[];
  /**
   * For how long a worker that has a task of this kind may be silent, in milliseconds, before the task is given to another. Meant
   * for handlers that compute without yielding: while one does, its process can send no heartbeat. The worker itself
   * stops such a task later, too. At most an hour; less than `lostAfterMs` counts as `lostAfterMs`. Default: `lostAfterMs`.
   * Example: `(kind) => (kind === "plan" ? 30_000 : 0)`.
   */
  readonly leaseMsOf?: (kind: string) => number;
  /**
   * The share of assignments that go to the task that was submitted first, whatever its priority, so that each one begins at some
   * time: 0.1 is one in ten. From 0, where lower priorities wait for as long as there are higher ones, to 1. Default: 0.1.
   */
  readonly oldestShare?: number;
  /** How many tasks of a fairness key are given out in its turn. Default: 1. */
  readonly weightOf?: (fairnessKey: string) => number;
  /**
   * Makes ids. Default: UUIDs of version 7 (RFC 9562), so that tasks that are submitted together stand together in the
   * store.
   */
  readonly newId?: () => string;
  /** Gives a random number from 0 to 1. Default: `Math.random`. */
  readonly random?: () => number;
}

export interface DispatcherOptions extends DispatchOptions {
  readonly store: Pick<TaskStore, "commit" | "latch" | "reset">;
  readonly epoch: number;
  readonly inherited: Inheritance;
  /** How long a leader leads after each transaction, in milliseconds. */
  readonly leadMs: number;
  /** Takes what is wrong with one task, and with no other. */
  readonly onFault: (what: string, error: unknown) => void;
  /** Runs when it leads no longer: the store says so, or cannot be reached. */
  readonly onDeposed: (error: Error) => void;
}

/**
 * A leader while it leads: the tasks, the workers that do them, and the results. It holds no timer: its owner calls
 * {@link Dispatcher.tick}.
 */
export interface Dispatcher extends Operations {
  /** The epoch in which it leads. */
  readonly epoch: number;
  /** The emergency stop. */
  readonly safety: SafetyController;
  /** The limits of those who read. */
  readonly reads: Reads;
  /** The limit of what workers report. */
  readonly pace: ReportPace;
  /** The known workers, by name. */
  workers(): Worker[];
  /** How many tasks and workers there are, for metrics. */
  tally(): Tally;
  /** Gives a worker no more tasks; it finishes those that it has. */
  drain(worker: string): Worker;
  /** Opens a session for the bot called `worker`, or resumes the one that it names. */
  connect(worker: string, request: Session, sink: Sink): Connection;
  /** Handles everything that has expired. */
  tick(): void;
  /** Whether it leads no longer. */
  readonly over: boolean;
  /** Throws `LEADER_STANDBY` when it leads no longer. */
  lead(): void;
  /** Extends the lead; writes what there is. */
  renew(): Promise<void>;
  /** Resolves once everything so far is on the disk. */
  settled(): Promise<void>;
  /** Ends every stream, and fails everything that waits. */
  end(error: Error): void;
  onTask(listener: (task: Task) => void): Unsubscribe;
  onWorker(listener: (change: WorkerChange) => void): Unsubscribe;
  onRefusal(listener: (refusal: Refusal) => void): Unsubscribe;
  onSafety(listener: (safety: Safety) => void): Unsubscribe;
  onEnd(listener: (error: Error) => void): Unsubscribe;
}

const dayMs = 24 * 3_600_000;

/** Creates a dispatcher that continues from the state that earlier leaders have left. */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { clock = systemClock, wait = systemWait, newId = timeOrderedId, random = Math.random } = options;
  const { maximumAttempts = 5, maximumOpen = 100_000, keepClosed = 10_000, weightOf = () => 1 } = options;
  const { store, epoch, inherited, leadMs, onFault, onDeposed } = options;
  const { quotaOf = () => ({}), capabilitiesOf, leaseMsOf = () => 0, keepKeysMs = dayMs } = options;
  const { oldestShare = 0.1 } = options;
  const steady = monotonicOf(clock);
  const limits = createLimits(options.limits);
  const timing = createTiming(options);
  const { lostAfterMs, stopAfterMs } = timing;

  const tasks = createListeners<Task>();
  const workers = createListeners<WorkerChange>();
  const refusals = createListeners<Refusal>();
  const safeties = createListeners<Safety>();
  const ends = createListeners<Error>();
  let lastTick = steady.now();
  let over: Error | undefined;

  // The order of ARCHITECTURE.md: each part is given those that were made before it, and names none that comes later.
  const count = createCounter(epoch);
  const tenure = createTenure(steady, leadMs);
  const listening = createListening();
  const entries = inherited.tasks.flatMap((stored) => readStored(stored) ?? []);
  const roster = createRoster(entries, steady.now());
  const journal = createJournal();
  const keys = createForgottenKeys({
    clock,
    journal,
    nextSequence: count,
    stored: inherited.keys,
    keepMs: keepKeysMs,
    bytes: limits.keyBytes,
    onShort(ageMs) {
      const [kept, wanted] = [Math.round(ageMs / 1_000), Math.round(keepKeysMs / 1_000)];
      const told = `They were kept for ${kept} s, and keepKeysMs is ${wanted} s: raise limits.keyBytes.`;
      onFault("idempotency keys are forgotten before their time", new Error(told));
    },
  });
  const leases = createLeaseTimes(timing, leaseMsOf, (worker, kind, leaseMs) => {
    const told = `Tasks of the kind "${kind}" keep ${worker} from running: their lease there is ${leaseMs} ms from now on.`;
    onFault("a handler does not yield", new Error(`${told} See leaseMsOf.`));
  });
  const table = createTaskTable({
    clock,
    newId,
    nextRevision: count,
    journal,
    entries,
    quotas: createQuotas(steady, quotaOf),
    keys,
    limits,
    maximumOpen,
    keepClosed,
    maximumAttempts,
    weightOf,
    oldestShare,
    onChange(task) {
      tasks.tell(task);
      if (isClosed(task.state)) traceTask(task);
    },
  });
  const answer = createHeartbeatAnswer(table, timing.heartbeatPeriodMs);
  const allocator = createAllocator({
    clock,
    table,
    journal,
    roster,
    listening,
    epoch,
    nextToken: count,
    leases,
    lostAfterMs,
    random,
    answer,
  });
  const safety = createSafety({
    clock,
    wait,
    newId,
    epoch,
    store,
    stop: inherited.stop,
    stopAfterMs,
    roster,
    listening,
    onLatched: () => allocator.takeBackAll("EMERGENCY_STOP"),
    onChange: safeties.tell,
    onListening: journal.poke,
  });
  const reports = createReports({
    clock,
    leases,
    limits,
    table,
    journal,
    allocator,
    onRefusal: refusals.tell,
  });
  const sessions = createSessions({
    clock,
    newId,
    epoch,
    timing,
    leases,
    limits,
    table,
    roster,
    journal,
    allocator,
    reports,
    answer,
    capabilitiesOf,
    onWorker: workers.tell,
  });

  /** A task that cannot be read stays in the store, and does not keep a leader from leading. */
  function readStored(stored: StoredTask): Entry | undefined {
    try {
      return fromStored(stored, steady.now() + lostAfterMs);
    } catch (error) {
      onFault(`the stored task ${stored.taskId} cannot be read`, error);
      return undefined;
    }
  }

  /** A task that no message can carry, which an earlier version has taken, fails by itself, and loses what is too long. */
  function dropTooLarge(entry: Entry): void {
    const nothing = new Uint8Array();
    const change = { payload: nothing, checkpoint: nothing, result: nothing, reason: "TASK_TOO_LARGE" };
    if (isClosed(entry.task.state)) table.change(entry, change);
    else allocator.close(entry, { state: TaskState.TASK_STATE_FAILED, ...change });
  }

  function shown(session: WorkerSession): Worker {
    return toWorker(session, listening.has(session.name), clock.now(), steady.now() - session.lastSeen);
  }

  function end(error: Error): void {
    if (over) return;
    over = error;
    journal.end(error);
    sessions.end(error);
    ends.tell(error);
  }

  function depose(cause: Error): void {
    if (over) return;
    end(swarmError("LEADER_STANDBY", cause));
    onDeposed(cause);
  }

  /** A leader whose lead may have run out gives nothing out, and tells no worker to go on. */
  function lead(): void {
    if (!over && tenure.isOver) depose(new Error("the lead has run out"));
    if (over) throw over;
  }

  const writer = createWriter({
    journal,
    wait,
    commit: (batch) => tenure.extend(() => store.commit(epoch, batch, leadMs)),
    // The lead counts from when a transaction was handed over, so a transaction must not wait for long.
    isSwift: () => tenure.isSwift,
    prepare() {
      if (!safety.latched) allocator.assign();
    },
    onSkipped: allocator.skipped,
    onRefused(unheld) {
      for (const entry of unheld) {
        onFault(`the store cannot hold the task ${entry.task.taskId}`, swarmError("TASK_UNWRITABLE"));
        allocator.drop(entry);
      }
    },
    onFault: (error) => onFault("a step of the leader failed", error),
    onFailure: depose,
  });
  for (const entry of entries) if (entry.bytes > messageBytesAtMost) dropTooLarge(entry);
  const reads = createReads(steady, options.reads);
  const pace = createReportPace(steady, wait);
  const operations = createOperations({ table, journal, allocator, roster, limits, lead });

  return {
    ...operations,
    epoch,
    safety,
    reads,
    pace,
    get over() {
      return over !== undefined;
    },
    workers() {
      lead();
      const all = [...roster.values()].map(shown);
      return all.sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    tally: () => tallyOf(table, roster),
    drain(worker) {
      check({ worker }, drainWorkerRules);
      lead();
      return shown(sessions.drain(worker));
    },
    connect(worker, request, sink) {
      lead();
      const connection = sessions.connect(worker, request, sink);
      return {
        receive(message) {
          lead();
          connection.receive(message);
        },
        detach: connection.detach,
      };
    },
    tick() {
      const now = steady.now();
      const gap = now - lastTick;
      lastTick = now;
      lead();
      if (gap > lostAfterMs / 2) sessions.forgive(gap);
      sessions.expire();
      keys.expire();
      for (const entry of table.due()) {
        try {
          allocator.stop(entry, { state: TaskState.TASK_STATE_FAILED, reason: "DEADLINE_EXCEEDED" });
        } catch (error) {
          onFault(`the deadline of the task ${entry.task.taskId} cannot be kept`, error);
        }
      }
      if (table.waiting.size > 0) journal.poke();
    },
    lead,
    renew: writer.flush,
    settled: journal.settled,
    end,
    onTask: tasks.add,
    onWorker: workers.add,
    onRefusal: refusals.add,
    onSafety: safeties.add,
    onEnd: ends.add,
  };
}
