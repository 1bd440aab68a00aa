import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atExit } from "@interlock/testing-processes";
import { findProgram, freePort, untilOpen } from "./nginx-target.js";
import type { Target } from "./target.js";

/** A Redis with what it has logged at its level `verbose`. */
export interface RedisTarget extends Target {
  log(): string;
}

/** Starts Redis in memory. */
export async function startRedis(): Promise<RedisTarget> {
  const folder = await mkdtemp(join(tmpdir(), "interlock-redis-"));
  const port = await freePort();
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder, "--loglevel", "verbose"];
  const child = spawn(findProgram("redis-server") ?? "redis-server", args, { stdio: ["ignore", "pipe", "ignore"] });
  let said = "";
  child.stdout.on("data", (data) => {
    said = `${said}${data}`.slice(-65_536);
  });
  const withdraw = atExit(() => child.kill("SIGKILL"));
  const exit = once(child, "close");
  await untilOpen(port, () => {
    if (child.exitCode !== null) throw new Error(`Redis ended: ${said}`);
  });
  return {
    port,
    log: () => said,
    async stop() {
      child.kill("SIGKILL");
      await exit;
      withdraw();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
