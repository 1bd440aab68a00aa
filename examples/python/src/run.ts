// A Python bot and a TypeScript bot call each other, and refuse calls without grants: node dist/run.js
import assert from "node:assert/strict";
import { join } from "node:path";
import { type Denial, joinFleet, silentLog } from "@interlock/bot";
import { pythonRefusesTypeScript, typeScriptCallsPython } from "./calls.js";
import { startFleet } from "./fleet.js";
import { ThermometerService } from "./gen/lab/thermometer/v1/thermometer_interlock.js";
import { missingPython } from "./missing-python.js";
import { example, python, pythonPath, run, start } from "./processes.js";
import { thermometer } from "./thermometer.js";

const missing = await missingPython();
if (missing) throw new Error(missing);
const cleanUps: (() => Promise<unknown>)[] = [];
try {
  const protos = ["lab/thermometer/v1/thermometer.proto", "lab/vision/v1/vision.proto"];
  const out = join(example, "dist", "stubs");
  await run(["mkdir", "-p", out], example);
  const paths = ["-Iprotos", "-I../../protos"];
  const made = await run(
    python("-m", "grpc_tools.protoc", ...paths, `--python_out=${out}`, `--grpc_python_out=${out}`, ...protos),
    example,
  );
  assert.equal(made.code, 0, made.stderr);

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

  const args = [join("bot", "main.py"), fleet.authority, address, fleet.folder("python/1")];
  const env = {
    INTERLOCK_JOIN_TOKEN: await fleet.invite("python/1"),
    PYTHONPATH: pythonPath(out),
    GRPC_VERBOSITY: "NONE",
  };
  const vision = await start(python(...args), example, env);
  cleanUps.push(vision.stop);
  const visionAddress = (await vision.find("serving at ")).slice("serving at ".length);
  console.log("Python calls TypeScript:");
  for (const line of vision.lines.slice(0, 3)) console.log(`  ${line}`);
  assert.deepEqual(vision.lines.slice(0, 3), [
    "Read → 21.5",
    "Watch → [21.5, 21.6, 21.7]",
    "Calibrate → PERMISSION_DENIED SCOPE_MISSING",
  ]);
  assert.deepEqual(handled, ["read", "watch"]);
  assert.deepEqual(
    denials.map(({ reason }) => reason),
    ["SCOPE_MISSING"],
  );

  await typeScriptCallsPython(bot, visionAddress, vision.lines);
  await Promise.all([pythonRefusesTypeScript(bot, visionAddress), fleet.revoke("thermometer/*")]);
} finally {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
}
