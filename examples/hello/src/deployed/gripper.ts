// The gripper of this example, as deploy/ runs it.
import { setTimeout as sleep } from "node:timers/promises";
import { joinFleet } from "@interlock/bot";
import { GripperService } from "../gen/cafe/gripper/v1/gripper_interlock.js";
import { closeWhenStopped } from "./close-when-stopped.js";
import { readSettings } from "./settings.js";

const { joining, listening } = readSettings(process.env);
const bot = await joinFleet(joining);
closeWhenStopped(bot);

const server = await bot.serve(listening, (routes) =>
  routes.add(GripperService, {
    async grip({ newtons }, { caller }) {
      console.log(`${bot.name} grips with ${newtons} N for ${caller.name}`);
      return { held: newtons > 0 };
    },
    async *watchForce(_request, { signal }) {
      while (!signal.aborted) {
        yield { newtons: 3.9 };
        await sleep(100, undefined, { signal }).catch(() => {});
      }
    },
  }),
);
console.log(`${bot.name} serves ${server.services} at ${server.address}`);
