import { readFile } from "node:fs/promises";
import { joinFleet } from "@interlock/bot";
import { openGateway } from "@interlock/gateway";
import { parseManifest } from "@interlock/policy";

const { services } = parseManifest(await readFile("interlock.manifest.json", "utf8"));
const bot = await joinFleet({ name: "gateway/1" });
const gateway = await openGateway(bot, {
  port: Number(process.env.PORT ?? 7500),
  routes: services.map((service) => ({ service })),
});
process.once("SIGTERM", () => gateway.close().then(() => bot.close()));
console.log(`${bot.name} at ${gateway.address}, in front of ${gateway.services.join(", ")}`);
