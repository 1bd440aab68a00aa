import {
  type Cancellation,
  type DispatchResponse,
  type Lease,
  Worker,
  WorkerState,
} from "../gen/interlock/swarm/v1/swarm.js";
import { namedAtMost } from "../lease.js";
import { type Ahead, createSpeed, type Speed } from "./ahead.js";

/** Where a worker's messages go: one open stream. */
export interface Sink {
  send(message: DispatchResponse, key?: unknown): void;
  end(error?: Error): void;
}

/** What the leader knows of one worker: its session while that is open; after that, only that the worker is lost. */
export interface WorkerSession {
  readonly name: string;
  readonly sessionId: string;
  state: WorkerState;
  capabilities: ReadonlySet<string>;
  slots: number;
  /** How many tasks it takes beyond its slots. */
  prefetch: number;
  /**
   * The ids of the tasks that it holds, and of those that are `ahead`. Bound: its slots, together with its prefetch at most
   * 1,000, and those ahead.
   */
  readonly held: Set<string>;
  /** The tasks that it gets next, in this order, and is not told of yet. Bound: `aheadAtMost`. */
  readonly ahead: Ahead[];
  readonly speed: Speed;
  /** What it has to stop, by lease token; repeated until its heartbeats no longer name it. Filled by {@link cancelLease}. */
  readonly canceled: Map<bigint, Cancellation>;
  /** When the leader last heard of it, in milliseconds of the monotonic time. */
  lastSeen: number;
  /** The number of its latest heartbeat. */
  heard: number;
  /** Grows with every assignment, over all workers; the worker with the lowest was served longest ago. */
  lastServed: number;
  /** Undefined while its stream is broken. */
  sink: Sink | undefined;
}

/** Creates the record of a new session. */
export function createWorkerSession(name: string, sessionId: string, now: number): WorkerSession {
  return {
    name,
    sessionId,
    state: WorkerState.WORKER_STATE_ONLINE,
    capabilities: new Set(),
    slots: 1,
    prefetch: 0,
    held: new Set(),
    ahead: [],
    speed: createSpeed(),
    canceled: new Map(),
    lastSeen: now,
    heard: 0,
    lastServed: 0,
    sink: undefined,
  };
}

/**
 * Tells a worker to stop an attempt, from the next heartbeat answer on. At most {@link namedAtMost} wait at a time, as many
 * as a heartbeat may name; beyond that the oldest is dropped. That is safe: a lease that the worker still names in a
 * heartbeat is canceled again, as `LEASE_STALE`.
 */
export function cancelLease(session: WorkerSession, lease: Lease, reason: string): void {
  const { canceled } = session;
  canceled.set(lease.leaseToken, { lease, reason });
  if (canceled.size <= namedAtMost) return;
  const [oldest] = canceled.keys();
  if (oldest !== undefined) canceled.delete(oldest);
}

/** The ids of the tasks that a worker was told of. */
function toldTasks({ held, ahead }: WorkerSession): string[] {
  const untold = new Set(ahead.map(({ entry }) => entry.task.taskId));
  return [...held].filter((taskId) => !untold.has(taskId));
}

/** A session as operators see it. `silentMs`: how long ago the leader heard of it; `now` by the time of the machine. */
export function toWorker(session: WorkerSession, listensForStop: boolean, now: number, silentMs: number): Worker {
  const { name, state, slots, prefetch, capabilities } = session;
  return Worker.fromPartial({
    name,
    state,
    slots,
    prefetch,
    capabilities: [...capabilities],
    taskIds: toldTasks(session),
    lastSeenAt: new Date(now - silentMs),
    listensForStop,
  });
}

/** Wraps one kind of event in the message that carries it. */
export function response<Case extends NonNullable<DispatchResponse["event"]>["$case"]>(
  $case: Case,
  value: Extract<NonNullable<DispatchResponse["event"]>, { $case: Case }>["value"],
): DispatchResponse {
  return { event: { $case, value } as NonNullable<DispatchResponse["event"]> };
}
