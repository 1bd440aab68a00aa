import { setImmediate as turn } from "node:timers/promises";
import type { Clock } from "@interlock/bot";
import type { Wait } from "../wait.js";

/** Waits, and gives by how many milliseconds it has waited too long: for so long this process ran nothing else. */
export type LateWait = (ms: number, signal: AbortSignal) => Promise<number>;

/** Creates it; `clock` is monotonic. */
export function createLateWait(clock: Clock, wait: Wait): LateWait {
  return async (ms, signal) => {
    const due = clock.now() + ms;
    await wait(ms, signal);
    return signal.aborted ? 0 : Math.max(0, clock.now() - due);
  };
}

/** This process stood still for so long that messages of its leader may wait unread, in milliseconds. */
export const stoodStillMs = 250;
/** From the socket to the reader of a message: TLS, HTTP/2, gRPC and the stream, each a turn or two. */
const turnsAtMost = 20;

/** Lets messages be read that have arrived while this process stood still, until `enough`. No time passes. */
export async function readArrived(enough: () => boolean): Promise<void> {
  for (let turns = 0; turns < turnsAtMost && !enough(); turns++) await turn();
}
