import { type Implementation, InterlockError } from "@interlock/bot";
import type { Floor } from "./floor.js";
import type { MachineService } from "./gen/warehouse/v1/warehouse_interlock.js";
import type { Machines } from "./machines.js";
import { isNextTo, type World } from "./world.js";

/** Serves the machines to robots on adjacent cells. */
export function machineService(
  world: World,
  floor: Floor,
  machines: Machines,
  changed: (signal: AbortSignal) => Promise<void>,
): Implementation<typeof MachineService> {
  function standsAt(robot: string, cell: { x: number; y: number } | undefined): void {
    const position = floor.robot(robot)?.position;
    if (!cell || !position || !isNextTo(position, cell)) {
      throw new InterlockError("FAILED_PRECONDITION", `${robot} does not stand next to it.`);
    }
  }
  return {
    async place({ taskId, leaseToken, station = { x: -1, y: -1 } }, { caller: { name: robot }, signal }) {
      standsAt(robot, station);
      return { already: await machines.place(station, { robot, taskId, leaseToken }, signal) };
    },
    async brew({ taskId, leaseToken }, { caller: { name: robot }, signal }) {
      standsAt(robot, world.coffeeMaker);
      return { already: await machines.brew({ robot, taskId, leaseToken }, signal) };
    },
    async *supervise(_, { signal }) {
      const turnAway = machines.supervise();
      try {
        while (!signal.aborted) {
          const machine = machines.all().find(({ name }) => name === "coffee");
          yield machine ? { machine } : {};
          await changed(signal);
        }
      } finally {
        turnAway();
      }
    },
  };
}
