import type { Client, Implementation } from "@interlock/bot";
import type { CoffeeService } from "./gen/__package__/coffee/v1/coffee_interlock.js";
import type { GripperService } from "./gen/__package__/gripper/v1/gripper_interlock.js";

/** A coffee bot, which has a gripper hold the cup. */
export function coffee(gripper: Client<typeof GripperService>): Implementation<typeof CoffeeService> {
  return {
    async brew({ shots }) {
      // The caller's deadline and cancellation go along by themselves.
      const { held } = await gripper.grip({ newtons: 4 });
      return { ready: held && shots > 0 };
    },
  };
}
