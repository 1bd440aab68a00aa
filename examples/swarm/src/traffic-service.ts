import type { Implementation } from "@interlock/bot";
import type { Floor } from "./floor.js";
import type { TrafficService } from "./gen/warehouse/v1/warehouse_interlock.js";

/** Serves the floor. `changed(signal)` resolves when there is something new to show. */
export function trafficService(
  floor: Floor,
  stepMs: number,
  changed: (signal: AbortSignal) => Promise<void>,
): Implementation<typeof TrafficService> {
  return {
    enter: (_, { caller }) => ({ ...floor.enter(caller.name), stepMs }),
    move({ to, carrying }, { caller }) {
      const { position } = floor.enter(caller.name);
      return floor.move(caller.name, to ?? position, carrying);
    },
    async *watchFloor(_, { signal }) {
      while (!signal.aborted) {
        yield { robots: floor.robots() };
        await changed(signal);
      }
    },
  };
}
