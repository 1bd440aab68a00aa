import { setTimeout as sleep } from "node:timers/promises";
import type { Implementation } from "@interlock/bot";
import type { ThermometerService } from "./gen/lab/thermometer/v1/thermometer_interlock.js";

/** The handlers of a thermometer, which record their calls in `handled`; thermometer.proto has their policies. */
export function thermometer(handled: string[]): Implementation<typeof ThermometerService> {
  return {
    read() {
      handled.push("read");
      return { celsius: 21.5 };
    },
    async *watch({ count }, { signal }) {
      handled.push("watch");
      for (let i = 0; i < count && !signal.aborted; i++) {
        yield { celsius: 21.5 + i / 10 };
        await sleep(10, undefined, { signal }).catch(() => {});
      }
    },
    calibrate() {
      handled.push("calibrate");
      return {};
    },
  };
}
