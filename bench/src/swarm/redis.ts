import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A Redis server of one's own. */
export interface Redis {
  /** Its Unix socket. */
  readonly path: string;
  stop(): Promise<void>;
}

/**
 * Starts one in a folder, which flushes its log after every write, as we do. Rejects, saying how to get it, when
 * there is none on this machine.
 */
export async function startRedis(folder: string): Promise<Redis> {
  const dir = join(folder, "redis");
  mkdirSync(dir);
  const path = join(dir, "redis.sock");
  const options = ["--port", "0", "--unixsocket", path, "--dir", dir, "--save", ""];
  const durable = ["--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"];
  const child = spawn("redis-server", [...options, ...durable], { stdio: "ignore" });
  const end = () => child.kill("SIGKILL");
  process.once("exit", end);
  const failed = once(child, "error").then(([error]) => {
    throw new Error(`redis-server cannot be started; on Debian: apt-get install redis-server (${error.message})`);
  });
  failed.catch(() => {});
  for (let waited = 0; !existsSync(path); waited += 20) {
    if (waited > 5_000) throw new Error("redis-server does not listen");
    await Promise.race([sleep(20), failed]);
  }
  return {
    path,
    async stop() {
      const exit = once(child, "exit");
      end();
      await exit;
      process.off("exit", end);
    },
  };
}
