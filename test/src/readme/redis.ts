import { joinFleet } from "@interlock/bot";
import { redisLimits } from "@interlock/redis";
import { gripperService } from "../gripper-service.js";

const limits = await redisLimits({ url: process.env.REDIS_URL ?? "redis://127.0.0.1:6379", prefix: "gripper" });

const bot = await joinFleet({ name: "gripper/1", authority: process.env.AUTHORITY, joinToken: process.env.JOIN_TOKEN });
const GripperService = await gripperService();
const server = await bot.serve({ port: 0, createLimiter: limits.createLimiter }, (routes) =>
  routes.add(GripperService, { grip: () => ({ held: true }), async *watchForce() {} }),
);

const show = (state = limits.state.current()) => server.setHealth("interlock.limits", state === "shared");
limits.state.onChange(show);
show();
console.log(server.address);

process.once("SIGTERM", async () => {
  await bot.close();
  await limits.close();
});
