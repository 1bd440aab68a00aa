import type { Clock } from "@interlock/bot";
import { batchAtMost } from "../batching.js";
import type {
  DispatchRequest,
  DispatchRequestBatch,
  Heartbeat,
  Lease,
  Session,
} from "../gen/interlock/swarm/v1/swarm.js";
import { TaskState, UpdateType, WorkerState } from "../gen/interlock/swarm/v1/swarm.js";
import { inHandAtMost, leaseOf, sameLease } from "../lease.js";
import { type SwarmReason, swarmError } from "../swarm-error.js";
import { type Allocator, known } from "./allocator.js";
import type { Entry } from "./entry.js";
import type { Journal } from "./journal.js";
import type { Reports } from "./reports.js";
import type { TaskTable } from "./task-table.js";
import type { Timing } from "./timing.js";
import { createWorkerSession, response, type Sink, type WorkerSession } from "./worker-session.js";

/** A worker came, is draining, or went: it said so, was silent for too long, or a newer session took its place. */
export interface WorkerChange {
  readonly worker: string;
  readonly state: "online" | "draining" | "left" | "lost" | "replaced";
}

/** The leader's end of one worker's stream. */
export interface Connection {
  /** Takes one message of the worker. Throws what the stream has to end with. */
  receive(request: DispatchRequest): void;
  /** The stream is gone; the worker may come back to its session until it counts as lost. */
  detach(): void;
}

/** The sessions of all workers, one for each identity. */
export interface Sessions {
  connect(worker: string, session: Session, sink: Sink): Connection;
  /** Ends the sessions that have been silent for too long, and takes back the tasks whose lease has run out. */
  expire(): void;
  /** This process stood still: nobody else is to blame for so many milliseconds. */
  forgive(ms: number): void;
  drain(worker: string): WorkerSession;
  /** Answers a worker's latest heartbeat, again. */
  answer(desk: WorkerSession): void;
  /** Ends every stream. */
  end(error: Error): void;
}

export interface SessionsOptions {
  readonly clock: Clock;
  readonly newId: () => string;
  readonly epoch: number;
  readonly timing: Timing;
  readonly book: TaskTable;
  readonly desks: Map<string, WorkerSession>;
  readonly journal: Journal;
  readonly allocator: () => Allocator;
  readonly onWorker: (change: WorkerChange) => void;
  readonly reports: Reports;
}

// With what is done and waits for its receipt, while others have been given in its place.
const namedAtMost = 4 * inHandAtMost;

export function createSessions(options: SessionsOptions): Sessions {
  const { clock, newId, epoch, timing, book, desks, journal, allocator, reports, onWorker } = options;
  const { heartbeatPeriodMs, lostAfterMs, stopAfterMs } = timing;

  function open(name: string, session: Session, sink: Sink): WorkerSession {
    checkLeases(session.held);
    const old = desks.get(name);
    const lost = old?.state === WorkerState.WORKER_STATE_LOST;
    const resumed = old !== undefined && !lost && old.sessionId === session.sessionId;
    if (resumed) old.sink?.end();
    else if (old && !lost) dismiss(old, "replaced", "SESSION_REPLACED");

    const desk = resumed ? old : createWorkerSession(name, newId(), clock.now());
    const state = session.draining ? WorkerState.WORKER_STATE_DRAINING : WorkerState.WORKER_STATE_ONLINE;
    const capabilities = new Set(session.capabilities);
    const slots = Math.min(Math.max(1, session.slots), inHandAtMost);
    const room = { slots, prefetch: Math.min(session.prefetch, inHandAtMost - slots) };
    Object.assign(desk, { state, capabilities, ...room, lastSeen: clock.now(), sink });
    desks.set(name, desk);
    reconcile(desk, session.held);

    const { sessionId } = desk;
    const times = { heartbeatPeriodMs, lostAfterMs, stopAfterMs };
    // What it may go on with is told once it is on the disk what it may not; what it is given from now on, when that is.
    const confirmed = allocator().given(desk);
    journal.after(() => {
      if (desk.sink !== sink) return;
      sink.send(
        response("sessionOpened", { sessionId, resumed, ...times, leaderEpoch: BigInt(epoch), acceptsBatches: true }),
      );
      allocator().tell(desk, UpdateType.UPDATE_TYPE_COMPLETE, confirmed);
      if (desk.canceled.size > 0) answer(desk);
    });
    if (!resumed) onWorker({ worker: name, state: "online" });
    return desk;
  }

  /** Brings what the worker has in hand and what it should have into line: the leader decides. */
  function reconcile(desk: WorkerSession, held: readonly Lease[]): void {
    const byToken = new Map(held.map((lease) => [lease.leaseToken, lease]));
    for (const taskId of [...desk.held]) {
      const entry = known(book, taskId);
      const lease = byToken.get(entry.task.leaseToken);
      if (lease && sameLease(lease, leaseOf(entry.task))) entry.expiresAt = clock.now() + lostAfterMs;
      // It never got the assignment, or stopped it by itself: who knows how far it came.
      else allocator().takeBack(entry, "WORKER_DROPPED", { failure: false });
    }
    cancelUnheld(desk, held);
  }

  function cancelUnheld(desk: WorkerSession, held: readonly Lease[]): void {
    const named = new Set(held.map(({ leaseToken }) => leaseToken));
    for (const token of desk.canceled.keys()) if (!named.has(token)) desk.canceled.delete(token);
    for (const lease of held) {
      const entry = book.find(lease.taskId);
      // A lease that closed the task itself is in order: the worker waits for its receipt.
      if (entry && entry.task.worker === desk.name && sameLease(lease, leaseOf(entry.task))) continue;
      if (!desk.canceled.has(lease.leaseToken)) desk.canceled.set(lease.leaseToken, { lease, reason: "LEASE_STALE" });
    }
  }

  function dismiss(desk: WorkerSession, state: WorkerChange["state"], reason: SwarmReason | "WORKER_LEFT"): void {
    const failure = state === "lost" || state === "replaced";
    takeBack(desk, reason, failure, () => true);
    if (state === "lost") desk.state = WorkerState.WORKER_STATE_LOST;
    else desks.delete(desk.name);
    desk.sink?.end(reason === "WORKER_LEFT" ? undefined : swarmError(reason));
    desk.sink = undefined;
    onWorker({ worker: desk.name, state });
  }

  /** A worker begins its tasks in the order in which it was given them: what is beyond its slots has not failed. */
  function takeBack(desk: WorkerSession, reason: string, failure: boolean, which: (entry: Entry) => boolean): void {
    for (const [place, taskId] of [...desk.held].entries()) {
      const entry = known(book, taskId);
      if (which(entry)) allocator().takeBack(entry, reason, { failure: failure && place < desk.slots });
    }
  }

  function answer(desk: WorkerSession): void {
    const tasks = [...desk.held].map((taskId) => known(book, taskId).task);
    const paused = tasks.filter(({ state }) => state === TaskState.TASK_STATE_PAUSED);
    // One answer is as good as many, to a worker that does not read them.
    desk.sink?.send(
      response("heartbeatAnswer", {
        nextPeriodMs: heartbeatPeriodMs,
        sequence: desk.heard,
        cancel: [...desk.canceled.values()],
        pause: paused.map(leaseOf),
        drain: desk.state === WorkerState.WORKER_STATE_DRAINING,
      }),
      "heartbeat",
    );
  }

  function beat(desk: WorkerSession, { sequence, held }: Heartbeat): void {
    checkLeases(held);
    desk.heard = sequence;
    for (const lease of held) {
      const entry = book.find(lease.taskId);
      if (entry && desk.held.has(lease.taskId) && sameLease(lease, leaseOf(entry.task)))
        entry.expiresAt = clock.now() + lostAfterMs;
    }
    cancelUnheld(desk, held);
    answer(desk);
  }

  function receive(desk: WorkerSession, event: NonNullable<DispatchRequest["event"]>): void {
    switch (event.$case) {
      case "session":
        throw swarmError("SESSION_EXPECTED");
      case "batch":
        throw swarmError("BATCH_INVALID");
      case "heartbeat":
        beat(desk, event.value);
        break;
      case "endSession":
        dismiss(desk, "left", "WORKER_LEFT");
        break;
      default:
        reports.receive(desk, event);
    }
  }

  return {
    answer,
    connect(worker, session, sink) {
      const desk = open(worker, session, sink);
      journal.poke();
      return {
        receive({ event }) {
          for (const each of event?.$case === "batch" ? unpack(event.value) : [event]) {
            // Not from a stream that another has replaced, and not an event of a later version than ours.
            if (desk.sink !== sink) return;
            if (each === undefined) continue;
            desk.lastSeen = clock.now();
            receive(desk, each);
          }
        },
        detach() {
          if (desk.sink === sink) desk.sink = undefined;
        },
      };
    },
    expire() {
      const now = clock.now();
      for (const desk of [...desks.values()]) {
        if (desk.state === WorkerState.WORKER_STATE_LOST) {
          if (now - desk.lastSeen >= timing.forgetLostMs) desks.delete(desk.name);
          continue;
        }
        if (now - desk.lastSeen >= lostAfterMs) dismiss(desk, "lost", "WORKER_LOST");
        takeBack(desk, "LEASE_EXPIRED", true, ({ expiresAt }) => now >= expiresAt);
      }
    },
    forgive(ms) {
      for (const desk of desks.values()) {
        desk.lastSeen += ms;
        for (const taskId of desk.held) known(book, taskId).expiresAt += ms;
      }
    },
    drain(worker) {
      const desk = desks.get(worker);
      if (!desk || desk.state === WorkerState.WORKER_STATE_LOST) throw swarmError("WORKER_UNKNOWN");
      if (desk.state === WorkerState.WORKER_STATE_ONLINE) onWorker({ worker, state: "draining" });
      desk.state = WorkerState.WORKER_STATE_DRAINING;
      answer(desk);
      return desk;
    },
    end(error) {
      for (const desk of desks.values()) desk.sink?.end(error);
    },
  };
}

function checkLeases(held: readonly Lease[]): void {
  if (held.length > namedAtMost) throw swarmError("LEASES_TOO_MANY");
}

function unpack({ requests }: DispatchRequestBatch): DispatchRequest["event"][] {
  const heartbeats = requests.filter(({ event }) => event?.$case === "heartbeat");
  if (requests.length > batchAtMost || heartbeats.length > 1) throw swarmError("BATCH_INVALID");
  return requests.map(({ event }) => event);
}
