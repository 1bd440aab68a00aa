import { type Implementation, InterlockError } from "@interlock/bot";
import type { KitchenService } from "./gen/cafe/kitchen/v1/kitchen_interlock.js";

/** Pours one shot. Rejects when `signal` aborts. */
export type Pour = (shot: number, signal: AbortSignal) => Promise<void>;

/** The handlers of the kitchen. */
export function kitchenService(pour: Pour): Implementation<typeof KitchenService> {
  return {
    async *brew({ shots }, { signal }) {
      if (!(shots >= 1 && shots <= 10)) throw new InterlockError("INVALID_ARGUMENT", "A cup has 1 to 10 shots.");
      for (let poured = 1; poured <= shots; poured++) {
        await pour(poured, signal);
        yield { poured };
      }
    },
  };
}
