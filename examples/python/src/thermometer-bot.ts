// A TypeScript bot for a Python fleet: node dist/thermometer-bot.js <authority> <name> <folder>, with
// INTERLOCK_JOIN_TOKEN. It prints JSON lines: its address, the handlers that ran, and what it refused. Lines on its standard
// input are calls that it makes: the address, and the method of VisionService.
import { createInterface } from "node:readline";
import { InterlockError, joinFleet, silentLog } from "@interlock/bot";
import { ThermometerService } from "./gen/lab/thermometer/v1/thermometer_interlock.js";
import { VisionService } from "./gen/lab/vision/v1/vision_interlock.js";
import { thermometer } from "./thermometer.js";

const [authority, name = "", stateDir = ""] = process.argv.slice(2);
const joinToken = process.env.INTERLOCK_JOIN_TOKEN;
const print = (line: object) => console.log(JSON.stringify(line));

const bot = await joinFleet({ authority, name, joinToken, stateDir, log: silentLog });
bot.onDenial(({ reason, method }) => print({ denied: reason, method }));
const handled = new Proxy<string[]>([], {
  set(target, key, value) {
    if (key !== "length") print({ handled: value });
    return Reflect.set(target, key, value);
  },
});
const { address } = await bot.serve({ port: 0 }, (routes) => routes.add(ThermometerService, thermometer(handled)));
print({ address });

for await (const line of createInterface({ input: process.stdin })) {
  const [server = "", method] = line.split(" ");
  const eyes = bot.client(VisionService, server);
  try {
    if (method === "look") print({ answer: await eyes.look({}, { timeoutMs: 10_000 }) });
    if (method === "turn") print({ answer: await eyes.turn({ degrees: 90 }, { timeoutMs: 10_000 }) });
    if (method === "follow") {
      let count = 0;
      for await (const { position } of eyes.follow({ thing: "a cup", count: 1_000_000 })) {
        if (count++ === 0) print({ position });
      }
      print({ answer: count });
    }
  } catch (error) {
    const { code, reason } = InterlockError.from(error);
    print({ error: code, reason });
  }
}
await bot.close(0);
