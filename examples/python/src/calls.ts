import assert from "node:assert/strict";
import type { Bot, Denial } from "@interlock/bot";
import type { Fleet } from "./fleet.js";
import { ThermometerService } from "./gen/lab/thermometer/v1/thermometer_interlock.js";
import { VisionService } from "./gen/lab/vision/v1/vision_interlock.js";
import { example, python, run } from "./processes.js";
import { show } from "./show.js";

/** python/1 calls thermometer/1, with valid and with invalid calls. */
export async function pythonCallsTypeScript(
  fleet: Fleet,
  address: string,
  { handled, denials }: { handled: readonly string[]; denials: readonly Denial[] },
): Promise<void> {
  console.log("Python calls TypeScript:");
  const call = clientOf(fleet, address, "spiffe://lab/thermometer/1");
  const token = await fleet.token("python/1", ThermometerService.name, "thermometer:read");
  await show("Read", call("read", token), "celsius: 21.5");
  await show("Watch", call("watch", token), "celsius: 21.5\ncelsius: 21.6\ncelsius: 21.7");
  await show("Calibrate, with another scope", call("calibrate", token), "PERMISSION_DENIED SCOPE_MISSING");
  await show("Read, without a token", call("read", ""), "UNAUTHENTICATED TOKEN_MISSING");
  await fleet.join("python/2");
  const stolen = await fleet.token("python/2", ThermometerService.name, "thermometer:read");
  await show("Read, with python/2's token", call("read", stolen), "UNAUTHENTICATED TOKEN_SUBJECT_MISMATCH");
  await show("Read, without a certificate", call("read", token, "--no-certificate"), /^UNAVAILABLE /);
  const meant = clientOf(fleet, address, "spiffe://lab/thermometer/2");
  await show("Read, where thermometer/2 is meant", meant("read", token), /^UNAVAILABLE .*is not in peer certificate/);

  assert.deepEqual(handled, ["read", "watch"]);
  const reasons = denials.map(({ reason }) => reason);
  console.log(`  what thermometer/1 has noted: ${reasons.join(", ")}`);
  for (const reason of ["SCOPE_MISSING", "TOKEN_MISSING", "TOKEN_SUBJECT_MISMATCH", "NO_CERTIFICATE"]) {
    assert.ok(reasons.includes(reason), reason);
  }
}

/** thermometer/1 calls python/1, with a valid call and with a scope that it is not granted. */
export async function typeScriptCallsPython(bot: Bot, address: string, log: readonly string[]): Promise<void> {
  console.log("TypeScript calls Python:");
  const eyes = bot.client(VisionService, address);
  await show("Look", eyes.look({}), '{"things":["a cup","a gripper"]}');
  await show("Follow", all(eyes.follow({ thing: "a cup", count: 2 })), '[{"position":0},{"position":0.5}]');
  await show("Turn, without its scope", eyes.turn({ degrees: 90 }), "PERMISSION_DENIED SCOPE_MISSING");
  assert.ok(!log.includes("the camera turns"));

  const others = bot.client(VisionService, address, { server: "python/7" });
  await show("Look, where python/7 is meant", others.look({}), "UNAVAILABLE SERVER_IDENTITY_MISMATCH");
}

/** python/1 calls itself with invalid calls only: the Python server refuses them as a TypeScript server does. */
export async function pythonCallsPython(fleet: Fleet, address: string): Promise<void> {
  console.log("Python calls Python:");
  const call = clientOf(fleet, address, "spiffe://lab/python/1");
  await show("Look, without a token", call("look", ""), "UNAUTHENTICATED TOKEN_MISSING");
  const elsewhere = await fleet.token("python/1", ThermometerService.name, "thermometer:read");
  await show("Look, with a token for another service", call("look", elsewhere), "UNAUTHENTICATED TOKEN_AUDIENCE");
  const stolen = await fleet.token("thermometer/1", VisionService.name, "vision:look");
  await show("Look, with thermometer/1's token", call("look", stolen), "UNAUTHENTICATED TOKEN_SUBJECT_MISMATCH");
  await show("Look, without a certificate", call("look", stolen, "--no-certificate"), /^UNAVAILABLE /);
}

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const messages: T[] = [];
  for await (const message of stream) messages.push(message);
  return messages;
}

/** Runs client.py as python/1. */
function clientOf(fleet: Fleet, address: string, server: string) {
  return (method: string, token: string, ...flags: readonly string[]) =>
    run(python("client.py", method, address, server, fleet.folder("python/1"), ...flags), example, {
      INTERLOCK_TOKEN: token,
    });
}
