import assert from "node:assert/strict";
import type { Bot } from "@interlock/bot";
import { VisionService } from "./gen/lab/vision/v1/vision_interlock.js";
import { show } from "./show.js";

/** thermometer/1 calls python/1, with a valid call and with a scope that it is not granted. */
export async function typeScriptCallsPython(bot: Bot, address: string, log: readonly string[]): Promise<void> {
  console.log("TypeScript calls Python:");
  const eyes = bot.client(VisionService, address);
  await show("Look", eyes.look({}), '{"things":["a cup","a gripper","thermometer/1"]}');
  await show("Follow", all(eyes.follow({ thing: "a cup", count: 2 })), '[{"position":0},{"position":0.5}]');
  await show("Turn, without its scope", eyes.turn({ degrees: 90 }), "PERMISSION_DENIED SCOPE_MISSING");
  assert.ok(!log.includes("the camera turns"));

  const others = bot.client(VisionService, address, { server: "python/7" });
  await show("Look, where python/7 is meant", others.look({}), "UNAVAILABLE SERVER_IDENTITY_MISMATCH");
}

/** python/1 refuses thermometer/1 as soon as its trust says that every thermometer is revoked. */
export async function pythonRefusesTypeScript(bot: Bot, address: string): Promise<void> {
  const eyes = bot.client(VisionService, address);
  const stream = eyes.follow({ thing: "a cup", count: 1_000_000 });
  await show("Follow, when thermometer/* is revoked", all(stream), "UNAUTHENTICATED IDENTITY_REVOKED");
  await show("Look, after that", eyes.look({}), "UNAUTHENTICATED IDENTITY_REVOKED");
}

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const messages: T[] = [];
  for await (const message of stream) messages.push(message);
  return messages;
}
