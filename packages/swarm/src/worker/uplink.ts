import type { DispatchRequest } from "../gen/interlock/swarm/v1/swarm.js";
import type { Outbox } from "../outbox.js";
import type { SendEvent } from "./send-event.js";

/** A worker's way to its leader, over all its connections. */
export interface Uplink {
  /** Sends an event on the current connection; without one the event is lost, and repeated as part of the next Session. */
  readonly send: SendEvent;
  /** Sets the current connection, or none. */
  use(outbox: Outbox<DispatchRequest> | undefined): void;
}

/** Creates an uplink without a connection. */
export function createUplink(): Uplink {
  let current: Outbox<DispatchRequest> | undefined;
  return {
    send: (event, key) => current?.send({ event }, key),
    use(outbox) {
      current = outbox;
    },
  };
}
