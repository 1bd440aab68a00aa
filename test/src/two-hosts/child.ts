import { type Client, InterlockError, joinFleet, type ServiceDefinition, silentLog } from "@interlock/bot";
import { gripperService } from "../gripper-service.js";

/*
 * node child.js serve <name> [port]   serves on every interface, as a bot that has joined in this folder
 * node child.js call <name>           calls a gripper, found by its service's name, for each line of standard input
 */
const [role, name = "", port = "50051"] = process.argv.slice(2);
const service = await gripperService();
const bot = await joinFleet({ name, log: silentLog });
if (role === "serve") {
  const { address } = await bot.serve({ port: Number(port), host: "0.0.0.0" }, (routes) =>
    routes.add(service, {
      grip: () => ({ held: true }),
      async *watchForce() {
        yield { newtons: Number(port) };
      },
    } as never),
  );
  console.log(address);
} else {
  const client = bot.client(service) as Client<ServiceDefinition> as Record<string, (request: object) => unknown>;
  console.log("ready");
  // One call at a time, as often as it takes: the parent reads when it succeeds.
  setInterval(() => {}, 60_000);
  for (;;) {
    try {
      await (client.grip?.({ newtons: 4 }) as Promise<unknown>);
      const force = client.watchForce?.({}) as AsyncIterable<{ newtons: number }>;
      for await (const { newtons } of force) console.log(`gripped ${newtons}`);
    } catch (thrown) {
      console.log(`failed ${InterlockError.from(thrown).message.replaceAll("\n", " ")}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
process.once("SIGTERM", () => void bot.close(0).then(() => process.exit(0)));
