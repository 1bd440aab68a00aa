import { type Implementation, InterlockError } from "@interlock/bot";
import { Fault } from "./gen/warehouse/v1/warehouse.js";
import type { RobotService } from "./gen/warehouse/v1/warehouse_interlock.js";
import type { Robot } from "./robot.js";

/** A robot's own service: its status, and its failures in a drill. */
export interface Drill {
  readonly service: Implementation<typeof RobotService>;
  /** Returns a signal that aborts when the drive breaks down; call it at the start of a task. */
  broken(): AbortSignal;
  /** Throws when the brake has failed. */
  brake(): void;
  busyWith(taskId: string): void;
}

export function robotService(robot: Pick<Robot, "battery">): Drill {
  let taskId = "";
  let drive = new AbortController();
  let brakeFails = false;
  return {
    service: {
      getStatus: () => ({ taskId, battery: robot.battery }),
      break({ fault }) {
        if (fault === Fault.FAULT_DRIVE) {
          const before = drive;
          drive = new AbortController();
          before.abort();
        } else if (fault === Fault.FAULT_BRAKE) brakeFails = true;
        else if (fault === Fault.FAULT_NONE) brakeFails = false;
        else
          throw new InterlockError(
            "INVALID_ARGUMENT",
            "The fault is unspecified: choose the drive, the brake or none.",
          );
        return {};
      },
    },
    broken: () => drive.signal,
    brake() {
      if (brakeFails) throw new Error("The brake has failed.");
    },
    busyWith(id) {
      taskId = id;
    },
  };
}
