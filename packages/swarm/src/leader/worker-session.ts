import { type Cancellation, type DispatchResponse, Worker, WorkerState } from "../gen/interlock/swarm/v1/swarm.js";

/** Where a worker's messages go: one open stream. */
export interface Sink {
  send(message: DispatchResponse, key?: unknown): void;
  end(error?: Error): void;
}

/** What the leader knows of one worker: its session, from when it opens until it is over; then, that it is lost. */
export interface WorkerSession {
  readonly name: string;
  readonly sessionId: string;
  state: WorkerState;
  capabilities: ReadonlySet<string>;
  slots: number;
  /** How many tasks it takes beyond its slots. */
  prefetch: number;
  /** The ids of the tasks it holds. */
  readonly held: Set<string>;
  /** What it has to stop, by lease token; said until its heartbeats name it no more. */
  readonly canceled: Map<bigint, Cancellation>;
  /** When it was last heard of, in milliseconds since the epoch. */
  lastSeen: number;
  /** The number of its latest heartbeat. */
  heard: number;
  /** Counts up with every assignment, over all workers; the least was served longest ago. */
  lastServed: number;
  /** Absent while its stream is broken. */
  sink: Sink | undefined;
}

/** A desk for a new session. */
export function createWorkerSession(name: string, sessionId: string, now: number): WorkerSession {
  return {
    ...{ name, sessionId, state: WorkerState.WORKER_STATE_ONLINE, capabilities: new Set(), slots: 1 },
    ...{ prefetch: 0, held: new Set(), canceled: new Map(), lastSeen: now, heard: 0, lastServed: 0, sink: undefined },
  };
}

/** A desk as operators see it. */
export function toWorker(desk: WorkerSession, listensForStop: boolean): Worker {
  const { name, state, slots, prefetch, capabilities, held, lastSeen } = desk;
  const lists = { capabilities: [...capabilities], taskIds: [...held] };
  const seen = { lastSeenAt: new Date(lastSeen), listensForStop };
  return Worker.fromPartial({ name, state, slots, prefetch, ...lists, ...seen });
}

/** Puts one kind of event in the message that carries it. */
export function response<Case extends NonNullable<DispatchResponse["event"]>["$case"]>(
  $case: Case,
  value: Extract<NonNullable<DispatchResponse["event"]>, { $case: Case }>["value"],
): DispatchResponse {
  return { event: { $case, value } as NonNullable<DispatchResponse["event"]> };
}
