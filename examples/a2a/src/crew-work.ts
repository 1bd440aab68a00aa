import { type Client, InterlockError } from "@interlock/bot";
import { type TaskHandler, TaskRefusal } from "@interlock/swarm";
import type { KitchenService } from "./gen/cafe/kitchen/v1/kitchen_interlock.js";
import { orderOf } from "./order.js";

/** What the workers of this swarm can do: the methods of the kitchen. */
export const brewSkill = "cafe.kitchen.v1.KitchenService/Brew";

/** Does the orders by calling the kitchen, under the worker's own identity. */
export function crewWork(kitchen: Client<typeof KitchenService>): TaskHandler {
  return async (task, { signal, progress }) => {
    const { input } = orderOf(task);
    const shots = Number(input.shots);
    try {
      let poured = 0;
      for await (const cup of kitchen.brew({ shots: Number.isInteger(shots) ? shots : 0 }, { signal })) {
        poured = cup.poured;
        progress(poured / shots, `${poured} of ${shots} shots`);
      }
      return Buffer.from(`a coffee with ${poured} shots`);
    } catch (error) {
      const { code, message } = InterlockError.from(error);
      if (code === "INVALID_ARGUMENT") throw new TaskRefusal("reject", message);
      throw error;
    }
  };
}
