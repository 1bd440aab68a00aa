import { setTimeout as sleep } from "node:timers/promises";
import type { Implementation } from "@interlock/bot";
import type { TankService } from "./gen/plant/tank/v1/tank_interlock.js";

/** The handlers of a tank in TypeScript; tank.proto has their policies. */
export function tankService(liters = 40): Implementation<typeof TankService> {
  return {
    describe: (_request, { caller }) => ({ contents: "oil", caller: caller.name }),
    read: () => ({ liters }),
    async *watch(_request, { signal }) {
      while (!signal.aborted) {
        yield { liters };
        await sleep(50, undefined, { signal }).catch(() => {});
      }
    },
    fill: (request) => {
      liters += request.liters;
      return { liters };
    },
    drain: () => {
      liters = 0;
      return {};
    },
    sample: () => ({}),
    measure: () => ({ liters }),
    gauge: () => ({ liters }),
  };
}
