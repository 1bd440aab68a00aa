import { setTimeout as sleep } from "node:timers/promises";
import type { Implementation } from "@interlock/bot";
import type { GripperService } from "./gen/__package__/gripper/v1/gripper_interlock.js";

/** The handlers of a gripper; gripper.proto has their policies. */
export const gripper: Implementation<typeof GripperService> = {
  async grip({ newtons }, { caller }) {
    console.log(`${caller.name} grips with ${newtons} N`);
    return { held: newtons > 0 };
  },
  async *watchForce(_request, { signal }) {
    while (!signal.aborted) {
      yield { newtons: 3.9 };
      await sleep(100, undefined, { signal }).catch(() => {});
    }
  },
};
