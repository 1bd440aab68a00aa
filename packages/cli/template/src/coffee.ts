import type { Client, Implementation } from "@interlock/bot";
import type { CoffeeService } from "./gen/__package__/coffee/v1/coffee_interlock.js";
import type { GripperService } from "./gen/__package__/gripper/v1/gripper_interlock.js";

/** The handlers of a coffee bot; a gripper holds the cup. */
export function coffee(gripper: Client<typeof GripperService>): Implementation<typeof CoffeeService> {
  return {
    async brew({ shots }) {
      // The caller's deadline and cancellation are passed on automatically.
      const { held } = await gripper.grip({ newtons: 4 });
      return { ready: held && shots > 0 };
    },
  };
}
