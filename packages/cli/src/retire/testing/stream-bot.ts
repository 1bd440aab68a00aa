// A bot in a process of its own, which a hook can end: it serves the echo service, and holds a stream open to another bot.
// Arguments: authority, name, join token, folder, the other bot's address.
import { joinFleet, silentLog } from "@interlock/bot";
import { EchoService } from "@interlock/bot/testing";
import { echoHandlers } from "./echo-handlers.js";

const [authority = "", name = "", joinToken = "", stateDir = "", other = ""] = process.argv.slice(2);
const bot = await joinFleet({ authority, name, joinToken, stateDir, log: silentLog });
const client = bot.client(EchoService, other);
const { address } = await bot.serve({ port: 0 }, (routes) => routes.add(EchoService, echoHandlers()));

async function chat(): Promise<void> {
  async function* requests() {
    yield {};
    await new Promise(() => {});
  }
  try {
    for await (const _ of client.chat(requests())) process.send?.({ chatting: true });
  } catch (error) {
    process.send?.({ ended: (error as { reason?: string }).reason ?? String(error) });
  }
}

process.on("message", async () => {
  // A change of what is served is reported at once, and the usage with it.
  await bot.serve({ port: 0 }, (routes) => routes.add(EchoService, echoHandlers()));
  process.send?.({ reported: true });
});
process.send?.({ address });
void chat();
