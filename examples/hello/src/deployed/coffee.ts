// The coffee bot of this example, as deploy/ runs it.
import { joinFleet } from "@interlock/bot";
import { CoffeeService } from "../gen/cafe/coffee/v1/coffee_interlock.js";
import { GripperService } from "../gen/cafe/gripper/v1/gripper_interlock.js";
import { closeWhenStopped } from "./close-when-stopped.js";
import { readSettings } from "./settings.js";

const { joining, listening } = readSettings(process.env);
const bot = await joinFleet(joining);
closeWhenStopped(bot);

const gripper = bot.client(GripperService, process.env.GRIPPER ?? "gripper:50051");

const server = await bot.serve(listening, (routes) =>
  routes.add(CoffeeService, {
    async brew({ shots }) {
      const { held } = await gripper.grip({ newtons: 4 }, { timeoutMs: 2_000 });
      return { ready: held && shots > 0 };
    },
  }),
);
console.log(`${bot.name} serves ${server.services} at ${server.address}`);
