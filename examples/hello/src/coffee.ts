// The bot that makes coffee while a gripper holds the cup: node dist/coffee.js
import { joinFleet } from "@interlock/bot";
import { CoffeeService } from "./gen/cafe/coffee/v1/coffee_interlock.js";
import { GripperService } from "./gen/cafe/gripper/v1/gripper_interlock.js";

const bot = await joinFleet({
  authority: process.env.INTERLOCK_AUTHORITY ?? "localhost:7443",
  name: "coffee/1",
  joinToken: process.env.INTERLOCK_JOIN_TOKEN,
});

const gripper = bot.client(GripperService, process.env.GRIPPER ?? "localhost:50051");

const server = await bot.serve({ port: Number(process.env.PORT ?? 50052) }, (routes) =>
  routes.add(CoffeeService, {
    async brew({ shots }) {
      const { held } = await gripper.grip({ newtons: 4 }, { timeoutMs: 2_000 });
      return { ready: held && shots > 0 };
    },
  }),
);
console.log(`coffee/1 serves ${server.services} at ${server.address}`);
