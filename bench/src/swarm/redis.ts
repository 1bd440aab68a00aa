import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { atExit } from "@interlock/testing-processes";

/** A Redis server for one measurement. */
export interface Redis {
  /** Its Unix socket. */
  readonly path: string;
  stop(): Promise<void>;
}

/**
 * Starts a Redis server in a folder. It flushes its log after every write, as Interlock does.
 *
 * @throws Error that says how to install Redis, if this machine does not have it.
 */
export async function startRedis(folder: string): Promise<Redis> {
  const dir = join(folder, "redis");
  mkdirSync(dir);
  const path = join(dir, "redis.sock");
  const options = ["--port", "0", "--unixsocket", path, "--dir", dir, "--save", ""];
  const durable = ["--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"];
  const child = spawn("redis-server", [...options, ...durable], { stdio: "ignore" });
  const end = () => child.kill("SIGKILL");
  const withdraw = atExit(end);
  const failed = once(child, "error").then(([error]) => {
    throw new Error(
      `Cannot start redis-server (${error.message}). Install it, on Debian: apt-get install redis-server`,
    );
  });
  failed.catch(() => {});
  for (let waited = 0; !existsSync(path); waited += 20) {
    if (waited > 5_000) throw new Error("redis-server did not start to listen within 5 s");
    await Promise.race([sleep(20), failed]);
  }
  return {
    path,
    async stop() {
      const exit = once(child, "exit");
      end();
      await exit;
      withdraw();
    },
  };
}
