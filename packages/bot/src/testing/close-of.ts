import type { EventEmitter } from "node:events";

/** Resolves when a socket or a session has closed, with an error or without one. (`once` would reject for the error.) */
export function closeOf(emitter: Pick<EventEmitter, "once">): Promise<void> {
  return new Promise((resolve) => emitter.once("close", () => resolve()));
}
