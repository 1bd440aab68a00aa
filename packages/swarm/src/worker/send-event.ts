import type { DispatchRequest } from "../gen/interlock/swarm/v1/swarm.js";

/** One event that a worker tells its leader. */
export type WorkerEvent = NonNullable<DispatchRequest["event"]>;

/**
 * Sends an event to the leader; it is lost while there is no connection. An event that is not sent yet is replaced by a
 * later one with the same `key`.
 */
export type SendEvent = (event: WorkerEvent, key?: unknown) => void;
