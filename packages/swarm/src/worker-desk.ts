import type { DispatchResponse } from "./gen/interlock/swarm/v1/swarm.js";

/** Where a worker's messages go: one open stream. */
export interface Sink {
  send(message: DispatchResponse, key?: unknown): void;
  end(error?: Error): void;
}

/** What the leader knows of one worker: its session, from when it opens until it is over. */
export interface WorkerDesk {
  readonly name: string;
  readonly sessionId: string;
  capabilities: ReadonlySet<string>;
  slots: number;
  /** The ids of the tasks it holds. */
  readonly held: Set<string>;
  /** When it was last heard of, in milliseconds since the epoch. */
  lastSeen: number;
  /** Counts up with every assignment, over all workers; the least was served longest ago. */
  lastServed: number;
  /** Absent while its stream is broken. */
  sink: Sink | undefined;
}

/** Puts one kind of event in the message that carries it. */
export function response<Case extends NonNullable<DispatchResponse["event"]>["$case"]>(
  $case: Case,
  value: Extract<NonNullable<DispatchResponse["event"]>, { $case: Case }>["value"],
): DispatchResponse {
  return { event: { $case, value } as NonNullable<DispatchResponse["event"]> };
}
