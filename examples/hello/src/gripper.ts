// The bot that grips: node dist/gripper.js
import { setTimeout as sleep } from "node:timers/promises";
import { joinFleet } from "@interlock/bot";
import { GripperService } from "./gen/cafe/gripper/v1/gripper_interlock.js";

const bot = await joinFleet({
  authority: process.env.INTERLOCK_AUTHORITY ?? "localhost:7443",
  name: "gripper/1",
  joinToken: process.env.INTERLOCK_JOIN_TOKEN,
});

const server = await bot.serve({ port: Number(process.env.PORT ?? 50051) }, (routes) =>
  routes.add(GripperService, {
    async grip({ newtons }, { caller }) {
      console.log(`gripper/1 grips with ${newtons} N for ${caller.name}`);
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
console.log(`gripper/1 serves ${server.services} at ${server.address}`);
