// A Python bot and a TypeScript bot call each other, and refuse calls without grants: node dist/run.js
import { join } from "node:path";
import { type Denial, joinFleet, silentLog } from "@interlock/bot";
import { pythonCallsPython, pythonCallsTypeScript, typeScriptCallsPython } from "./calls.js";
import { startFleet } from "./fleet.js";
import { ThermometerService } from "./gen/lab/thermometer/v1/thermometer_interlock.js";
import { missingPython } from "./missing-python.js";
import { buf, example, python, run, start } from "./processes.js";
import { thermometer } from "./thermometer.js";

const missing = await missingPython();
if (missing) throw new Error(missing);
const cleanUps: (() => Promise<unknown>)[] = [];
try {
  await run(buf("build", "--exclude-source-info", "-o", "dist/bots.binpb"), example);
  const fleet = await startFleet("lab", join(example, "grants.yaml"));
  cleanUps.push(fleet.stop);

  const name = "thermometer/1";
  const joinToken = await fleet.invite(name);
  const stateDir = fleet.folder(name);
  const bot = await joinFleet({ authority: fleet.authority, name, joinToken, stateDir, log: silentLog });
  cleanUps.push(() => bot.close(0));
  const handled: string[] = [];
  const denials: Denial[] = [];
  bot.onDenial((denial) => denials.push(denial));
  const { address } = await bot.serve({ port: 0 }, (routes) => routes.add(ThermometerService, thermometer(handled)));

  await fleet.join("python/1");
  const vision = await start(python("server.py", fleet.folder("python/1")), example);
  cleanUps.push(vision.stop);
  const visionAddress = vision.lines[0]?.split(" at ")[1] ?? "";

  await pythonCallsTypeScript(fleet, address, { handled, denials });
  await typeScriptCallsPython(bot, visionAddress, vision.lines);
  await pythonCallsPython(fleet, visionAddress);
} finally {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
}
