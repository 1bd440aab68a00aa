// Starts one bot: node dist/start.js gripper/1 50051, or node dist/start.js coffee/1 50052
import { joinFleet } from "@interlock/bot";
import { coffee } from "./coffee.js";
import { CoffeeService } from "./gen/__package__/coffee/v1/coffee_interlock.js";
import { GripperService } from "./gen/__package__/gripper/v1/gripper_interlock.js";
import { gripper } from "./gripper.js";

const [name = "gripper/1", port = "50051"] = process.argv.slice(2);
const joinToken = process.env.INTERLOCK_JOIN_TOKEN;
const bot = await joinFleet({
  // Without a join token, the default is the authority that the bot has joined.
  authority: process.env.INTERLOCK_AUTHORITY ?? (joinToken ? "localhost:7443" : undefined),
  name,
  joinToken,
});
const server = await bot.serve({ port: Number(port) }, (routes) =>
  name.startsWith("coffee/")
    ? routes.add(CoffeeService, coffee(bot.client(GripperService, process.env.GRIPPER ?? "localhost:50051")))
    : routes.add(GripperService, gripper),
);
console.log(`${bot.spiffeId.uri} serves ${server.services.join(", ")} at ${server.address}`);
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => bot.close().then(() => process.exit()));
