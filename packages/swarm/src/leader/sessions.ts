import { type Clock, InterlockError } from "@interlock/bot";
import { createRateLimiter, monotonicOf } from "@interlock/bot/internal";
import { batchAtMost } from "../batching.js";
import type {
  DispatchRequest,
  DispatchRequestBatch,
  Heartbeat,
  Lease,
  Session,
} from "../gen/interlock/swarm/v1/swarm.js";
import { UpdateType, WorkerState } from "../gen/interlock/swarm/v1/swarm.js";
import { inHandAtMost, leaseOf, namedAtMost, sameLease } from "../lease.js";
import { type SwarmReason, swarmError } from "../swarm-error.js";
import type { Allocator } from "./allocator.js";
import { check } from "./check.js";
import type { Entry } from "./entry.js";
import type { AnswerHeartbeat } from "./heartbeat-answer.js";
import type { Journal } from "./journal.js";
import type { LeaseTimes } from "./lease-times.js";
import type { Limits } from "./limits.js";
import type { Reports } from "./reports.js";
import { checkHeld, sessionRules } from "./request-rules.js";
import type { Roster } from "./roster.js";
import type { TaskTable } from "./task-table.js";
import type { Timing } from "./timing.js";
import { cancelLease, createWorkerSession, response, type Sink, type WorkerSession } from "./worker-session.js";

/** A change of a worker's session: it came, is draining, left, was silent for too long, or was replaced by a newer session. */
export interface WorkerChange {
  /** The name of the worker, from its certificate. */
  readonly worker: string;
  /** What has become of its session. */
  readonly state: "online" | "draining" | "left" | "lost" | "replaced";
}

/** The leader's end of one worker's stream. */
export interface Connection {
  /** Takes one message of the worker. Throws the error with which the stream has to end. */
  receive(request: DispatchRequest): void;
  /** The stream is gone. The worker may resume its session until it counts as lost. */
  detach(): void;
}

/** The sessions of all workers, one for each identity. */
export interface Sessions {
  /** Opens a session, or resumes the one that `request` names. */
  connect(worker: string, request: Session, sink: Sink): Connection;
  /** Ends the sessions that were silent for too long, and takes back the tasks whose lease has expired. */
  expire(): void;
  /** Gives every worker so many more milliseconds: this process itself stood still. */
  forgive(ms: number): void;
  /** Gives a worker no more tasks. */
  drain(worker: string): WorkerSession;
  /** Ends every stream. */
  end(error: Error): void;
}

export interface SessionsOptions {
  readonly clock: Clock;
  readonly newId: () => string;
  readonly epoch: number;
  readonly timing: Timing;
  readonly leases: LeaseTimes;
  readonly limits: Pick<Limits, "resultBytes" | "checkpointBytes">;
  readonly table: TaskTable;
  readonly roster: Roster;
  readonly journal: Journal;
  readonly allocator: Allocator;
  readonly reports: Reports;
  readonly answer: AnswerHeartbeat;
  /** The capabilities that a worker may offer; undefined for any. */
  readonly capabilitiesOf: ((worker: string) => readonly string[]) | undefined;
  readonly onWorker: (change: WorkerChange) => void;
}

/** How many events one worker may send, in batches and alone: several times what its tasks can give rise to. */
const eventsAtMost = { perSecond: 20_000, burst: 40_000 };

/** How long a worker whose stream ended for too much of something is given no new one, in milliseconds. */
const barredMs = 1_000;
/** How many such workers are remembered: beyond that, the one that was barred first is forgotten. */
const barredAtMost = 1_000;

/** Creates the part that keeps the sessions. */
export function createSessions(options: SessionsOptions): Sessions {
  const {
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
    onWorker,
  } = options;
  const { heartbeatPeriodMs, lostAfterMs, stopAfterMs } = timing;
  const clock = monotonicOf(options.clock);
  /** Until when a worker is barred, by name. */
  const barred = new Map<string, number>();
  const events = createRateLimiter(eventsAtMost); // By the worker's name. Bound: 10,000 names.

  function open(name: string, request: Session, sink: Sink): WorkerSession {
    if (clock.now() < (barred.get(name) ?? 0)) throw swarmError("REPORTS_REFUSED");
    checkLeases(request.held);
    check(request, sessionRules, "session.");
    checkCapabilities(request.capabilities, capabilitiesOf?.(name));
    leases.learn(name, request.standstill);
    const old = roster.get(name);
    const lost = old?.state === WorkerState.WORKER_STATE_LOST;
    const resumed = old !== undefined && !lost && old.sessionId === request.sessionId;
    if (resumed) old.sink?.end();
    else if (old && !lost) dismiss(old, "replaced", "SESSION_REPLACED");

    const session = resumed ? old : createWorkerSession(name, newId(), clock.now());
    session.state = request.draining ? WorkerState.WORKER_STATE_DRAINING : WorkerState.WORKER_STATE_ONLINE;
    session.capabilities = new Set(request.capabilities);
    session.slots = Math.min(Math.max(1, request.slots), inHandAtMost);
    session.prefetch = Math.min(request.prefetch, inHandAtMost - session.slots);
    session.lastSeen = clock.now();
    session.sink = sink;
    roster.set(name, session);
    allocator.withdrawAll(session);
    reconcile(session, request.held);
    announce(session, resumed);
    if (!resumed) onWorker({ worker: name, state: "online" });
    return session;
  }

  function extend(entry: Entry): void {
    entry.expiresAt = clock.now() + leases.leaseMs(entry.task.kind, entry.task.worker);
  }

  /** How long this worker may be silent: as long as the longest lease that it has. */
  function silenceOf(session: WorkerSession): number {
    let longest = lostAfterMs;
    for (const taskId of session.held)
      longest = Math.max(longest, leases.leaseMs(table.get(taskId).task.kind, session.name));
    return longest;
  }

  function bar(worker: string): void {
    barred.delete(worker);
    barred.set(worker, clock.now() + barredMs);
    const [first] = barred.keys();
    if (barred.size > barredAtMost && first !== undefined) barred.delete(first);
  }

  /** Confirms what the worker may go on with, once the tasks that it lost are on the disk. New assignments follow later. */
  function announce(session: WorkerSession, resumed: boolean): void {
    const { sessionId, sink } = session;
    const confirmed = allocator.given(session);
    journal.after(() => {
      if (!sink || session.sink !== sink) return;
      sink.send(
        response("sessionOpened", {
          sessionId,
          resumed,
          heartbeatPeriodMs,
          lostAfterMs,
          stopAfterMs,
          leaderEpoch: BigInt(epoch),
          acceptsBatches: true,
          resultBytesAtMost: limits.resultBytes,
          checkpointBytesAtMost: limits.checkpointBytes,
        }),
      );
      allocator.tell(session, UpdateType.UPDATE_TYPE_COMPLETE, confirmed);
      if (session.canceled.size > 0) answer(session);
    });
  }

  /** Brings the tasks that the worker has in hand into line with those that it should have: the leader decides. */
  function reconcile(session: WorkerSession, held: readonly Lease[]): void {
    const byToken = new Map(held.map((lease) => [lease.leaseToken, lease]));
    for (const taskId of [...session.held]) {
      const entry = table.get(taskId);
      const lease = byToken.get(entry.task.leaseToken);
      if (lease && sameLease(lease, leaseOf(entry.task))) extend(entry);
      // The worker never got the assignment, or stopped it by itself; how far it came is unknown.
      else allocator.takeBack(entry, "WORKER_DROPPED", { failure: false });
    }
    cancelUnheld(session, held);
  }

  function cancelUnheld(session: WorkerSession, held: readonly Lease[]): void {
    const named = new Set(held.map(({ leaseToken }) => leaseToken));
    for (const token of session.canceled.keys()) if (!named.has(token)) session.canceled.delete(token);
    for (const lease of held) {
      const entry = table.find(lease.taskId);
      // A lease that closed the task itself is in order: the worker waits for its receipt.
      if (entry && entry.task.worker === session.name && sameLease(lease, leaseOf(entry.task))) continue;
      if (!session.canceled.has(lease.leaseToken)) cancelLease(session, lease, "LEASE_STALE");
    }
  }

  function dismiss(session: WorkerSession, state: WorkerChange["state"], reason: SwarmReason | "WORKER_LEFT"): void {
    const failure = state === "lost" || state === "replaced";
    allocator.withdrawAll(session);
    takeBack(session, reason, failure, () => true);
    if (state === "lost") session.state = WorkerState.WORKER_STATE_LOST;
    else roster.delete(session.name);
    session.sink?.end(reason === "WORKER_LEFT" ? undefined : swarmError(reason));
    session.sink = undefined;
    onWorker({ worker: session.name, state });
  }

  /**
   * Takes back what a worker holds. A worker begins its tasks in the order in which it was given them, so those beyond its
   * slots were not begun and have not failed.
   */
  function takeBack(session: WorkerSession, reason: string, failure: boolean, which: (entry: Entry) => boolean): void {
    for (const [place, taskId] of [...session.held].entries()) {
      const entry = table.get(taskId);
      if (session.held.has(taskId) && which(entry))
        allocator.takeBack(entry, reason, { failure: failure && place < session.slots });
    }
  }

  function beat(session: WorkerSession, { sequence, held, standstill }: Heartbeat): void {
    checkLeases(held);
    checkHeld(held);
    leases.learn(session.name, standstill);
    session.heard = sequence;
    for (const lease of held) {
      const entry = table.find(lease.taskId);
      if (entry && session.held.has(lease.taskId) && sameLease(lease, leaseOf(entry.task))) extend(entry);
    }
    cancelUnheld(session, held);
    answer(session);
  }

  function receive(session: WorkerSession, event: NonNullable<DispatchRequest["event"]>): void {
    switch (event.$case) {
      case "session":
        throw swarmError("SESSION_EXPECTED");
      case "batch":
        throw swarmError("BATCH_INVALID");
      case "heartbeat":
        beat(session, event.value);
        break;
      case "endSession":
        dismiss(session, "left", "WORKER_LEFT");
        break;
      default:
        reports.receive(session, event);
    }
  }

  return {
    connect(worker, request, sink) {
      const session = open(worker, request, sink);
      journal.poke();
      return {
        receive({ event }) {
          for (const each of event?.$case === "batch" ? unpack(event.value) : [event]) {
            // A stream that was replaced is ignored, and so is an event of a later version of the protocol.
            if (session.sink !== sink) return;
            if (each === undefined) continue;
            session.lastSeen = clock.now();
            try {
              if (events.take(worker, session.lastSeen) > 0) throw swarmError("MESSAGES_TOO_MANY");
              receive(session, each);
            } catch (error) {
              if (InterlockError.from(error).code === "RESOURCE_EXHAUSTED") bar(worker);
              throw error;
            }
          }
        },
        detach() {
          if (session.sink === sink) session.sink = undefined;
        },
      };
    },
    expire() {
      const now = clock.now();
      allocator.withdrawStale();
      for (const session of [...roster.values()]) {
        if (session.state === WorkerState.WORKER_STATE_LOST) {
          if (now - session.lastSeen >= timing.forgetLostMs) roster.delete(session.name);
          continue;
        }
        const silent = now - session.lastSeen;
        if (silent >= lostAfterMs && silent >= silenceOf(session)) dismiss(session, "lost", "WORKER_LOST");
        takeBack(session, "LEASE_EXPIRED", true, ({ expiresAt }) => now >= expiresAt);
      }
    },
    forgive(ms) {
      for (const session of roster.values()) {
        session.lastSeen += ms;
        for (const taskId of session.held) table.get(taskId).expiresAt += ms;
      }
    },
    drain(worker) {
      const session = roster.get(worker);
      if (!session || session.state === WorkerState.WORKER_STATE_LOST) throw swarmError("WORKER_UNKNOWN");
      if (session.state === WorkerState.WORKER_STATE_ONLINE) onWorker({ worker, state: "draining" });
      session.state = WorkerState.WORKER_STATE_DRAINING;
      allocator.withdrawAll(session);
      answer(session);
      return session;
    },
    end(error) {
      for (const session of roster.values()) session.sink?.end(error);
    },
  };
}

/** `granted` may end in `*`, for all that begin so. */
function checkCapabilities(offered: readonly string[], granted: readonly string[] | undefined): void {
  if (!granted) return;
  const exact = new Set(granted);
  const prefixes = granted.filter((each) => each.endsWith("*")).map((each) => each.slice(0, -1));
  for (const each of offered) {
    if (!exact.has(each) && !prefixes.some((prefix) => each.startsWith(prefix)))
      throw swarmError("CAPABILITY_NOT_GRANTED");
  }
}

function checkLeases(held: readonly Lease[]): void {
  if (held.length > namedAtMost) throw swarmError("LEASES_TOO_MANY");
}

function unpack({ requests }: DispatchRequestBatch): DispatchRequest["event"][] {
  const heartbeats = requests.filter(({ event }) => event?.$case === "heartbeat");
  if (requests.length > batchAtMost || heartbeats.length > 1) throw swarmError("BATCH_INVALID");
  return requests.map(({ event }) => event);
}
