import type { Clock } from "@interlock/bot";
import { type Allocator, known } from "./allocator.js";
import type { DispatchRequest, Session } from "./gen/interlock/swarm/v1/swarm.js";
import { type ReportEvent, readReport } from "./read-report.js";
import { type SwarmReason, swarmError } from "./swarm-error.js";
import type { TaskBook } from "./task-book.js";
import { isClosed } from "./task-state.js";
import { response, type Sink, type WorkerDesk } from "./worker-desk.js";

/** A worker came, or went: it said so, was silent for too long, or a newer session took its place. */
export interface WorkerChange {
  readonly worker: string;
  readonly state: "online" | "left" | "lost" | "replaced";
}

/** A worker reported on what it does not hold, for example after it was declared lost. */
export interface Refusal {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly worker: string;
  readonly taskId: string;
  readonly attempt: number;
  readonly reason: SwarmReason;
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
  /** Ends the sessions that have been silent for too long. */
  dismissSilent(): void;
}

export interface SessionsOptions {
  readonly clock: Clock;
  readonly newId: () => string;
  readonly heartbeatPeriodMs: number;
  readonly lostAfterMs: number;
  readonly book: TaskBook;
  readonly desks: Map<string, WorkerDesk>;
  readonly allocator: Allocator;
  readonly onWorker: (change: WorkerChange) => void;
  readonly onRefusal: (refusal: Refusal) => void;
}

export function createSessions(options: SessionsOptions): Sessions {
  const { clock, newId, heartbeatPeriodMs, lostAfterMs, book, desks, allocator, onWorker, onRefusal } = options;

  function open(name: string, session: Session, sink: Sink): WorkerDesk {
    const old = desks.get(name);
    const resumed = old !== undefined && old.sessionId === session.sessionId;
    if (resumed) old.sink?.end();
    else if (old) dismiss(old, "replaced", "SESSION_REPLACED");

    const fresh = { name, sessionId: newId(), held: new Set<string>(), lastServed: 0 };
    const capabilities = new Set(session.capabilities);
    const slots = Math.max(1, session.slots);
    const desk = Object.assign(resumed ? old : fresh, { capabilities, slots, lastSeen: clock.now(), sink });
    desks.set(name, desk);

    const { sessionId } = desk;
    sink.send(response("sessionOpened", { sessionId, resumed, heartbeatPeriodMs, lostAfterMs }));
    allocator.sendAll(desk);
    if (!resumed) onWorker({ worker: name, state: "online" });
    return desk;
  }

  function dismiss(desk: WorkerDesk, state: WorkerChange["state"], reason: SwarmReason | "WORKER_LEFT"): void {
    for (const taskId of [...desk.held]) allocator.takeBack(known(book, taskId), reason);
    desks.delete(desk.name);
    desk.sink?.end(reason === "WORKER_LEFT" ? undefined : swarmError(reason));
    desk.sink = undefined;
    onWorker({ worker: desk.name, state });
  }

  function report(desk: WorkerDesk, event: ReportEvent): void {
    const { lease, change, forfeit = "", checkpoint, final } = readReport(event);
    const entry = book.find(lease.taskId);
    const { attempt, leaseToken } = entry?.lease ?? {};
    const holds = entry?.task.worker === desk.name && attempt === lease.attempt && leaseToken === lease.leaseToken;
    const closed = entry !== undefined && isClosed(entry.task.state);

    if (entry && holds && !closed) {
      if (checkpoint?.length) entry.checkpoint = checkpoint;
      if (!change) allocator.takeBack(entry, forfeit);
      else if (final) allocator.close(entry, change);
      // An acceptance that is repeated, or comes after progress, says nothing new.
      else if (change.progress || change.state > entry.task.state) book.change(entry, change);
      if (final) desk.sink?.send(response("receipt", { lease, recorded: true, reason: "" }));
      return;
    }
    // What is said twice, because the first receipt was lost, is answered twice.
    const recorded = holds && final && change?.state === entry?.task.state;
    const reason = entry === undefined ? "TASK_UNKNOWN" : closed ? "TASK_CLOSED" : "LEASE_STALE";
    desk.sink?.send(response("receipt", { lease, recorded, reason: recorded ? "" : reason }));
    if (!recorded)
      onRefusal({ at: clock.now(), worker: desk.name, taskId: lease.taskId, attempt: lease.attempt, reason });
  }

  function receive(desk: WorkerDesk, event: NonNullable<DispatchRequest["event"]>): void {
    switch (event.$case) {
      case "session":
        throw swarmError("SESSION_EXPECTED");
      case "heartbeat":
        // One answer is as good as many, to a worker that does not read them.
        desk.sink?.send(response("heartbeatAnswer", { nextPeriodMs: heartbeatPeriodMs }), "heartbeat");
        break;
      case "endSession":
        dismiss(desk, "left", "WORKER_LEFT");
        break;
      default:
        report(desk, event);
    }
  }

  return {
    connect(worker, session, sink) {
      const desk = open(worker, session, sink);
      return {
        receive({ event }) {
          // Not from a stream that another has replaced, and not an event of a later version than ours.
          if (desk.sink !== sink || event === undefined) return;
          desk.lastSeen = clock.now();
          receive(desk, event);
          allocator.assign();
        },
        detach() {
          if (desk.sink === sink) desk.sink = undefined;
        },
      };
    },
    dismissSilent() {
      for (const desk of [...desks.values()]) {
        if (clock.now() - desk.lastSeen >= lostAfterMs) dismiss(desk, "lost", "WORKER_LOST");
      }
    },
  };
}
