import { setTimeout as sleep } from "node:timers/promises";
import { InterlockError } from "@interlock/bot";
import type { FleetReader } from "./fleet-reader.js";
import type { FleetView } from "./model/fleet.js";

/** How often refusals are read, in milliseconds. */
export const readMs = 2_000;

/** Every how many times everything else is read, too. */
const wholeEvery = 3;

/** What {@link watchFleet} works with. */
export interface WatchOptions {
  readonly reader: FleetReader;
  readonly signal: AbortSignal;
  /** Waits between two reads. Default: 2 s. */
  readonly wait?: (signal: AbortSignal) => Promise<unknown>;
  /** Takes the view after each read, changed or not. */
  readonly onView: (view: FleetView) => void;
}

/** Reads a fleet again and again until `signal` aborts. While the authority is away, the last view stays, and says so. */
export async function watchFleet(
  first: FleetView,
  { reader, signal, wait = pause, onView }: WatchOptions,
): Promise<void> {
  let view = first;
  for (let turn = 0; !signal.aborted; turn++) {
    try {
      const whole = turn % wholeEvery === 0 || !view.link.up;
      view = await (whole ? reader.all() : reader.latest(view));
    } catch (error) {
      const { message } = InterlockError.from(error);
      view = { ...view, link: { up: false, heardAt: view.link.heardAt, reason: message } };
    }
    if (signal.aborted) return;
    onView(view);
    await wait(signal);
  }
}

function pause(signal: AbortSignal): Promise<unknown> {
  return sleep(readMs, undefined, { signal }).catch(() => {});
}
