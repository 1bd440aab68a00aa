import type { Implementation } from "@interlock/bot";
import type { Floor } from "./floor.js";
import type { TrafficService } from "./gen/warehouse/v1/warehouse_interlock.js";
import type { Machines } from "./machines.js";

/** Serves the floor. `changed(signal)` resolves when the floor has changed. */
export function trafficService(
  floor: Floor,
  machines: Pick<Machines, "all">,
  stepMs: number,
  changed: (signal: AbortSignal) => Promise<void>,
): Implementation<typeof TrafficService> {
  const now = () => ({ robots: floor.robots(), machines: machines.all() });
  return {
    enter: (_, { caller }) => ({ ...floor.enter(caller.name), stepMs }),
    move({ to, ...load }, { caller }) {
      const { position } = floor.enter(caller.name);
      return floor.move(caller.name, to ?? position, load);
    },
    leave(_, { caller }) {
      floor.leave(caller.name);
      return {};
    },
    getFloor: now,
    async *watchFloor(_, { signal }) {
      while (!signal.aborted) {
        yield now();
        await changed(signal);
      }
    },
  };
}
