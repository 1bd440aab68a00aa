import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Finds `redis-server`, or the one in `INTERLOCK_REDIS`; `undefined` if there is none: on Debian, `apt-get install redis-server`. */
export function findRedis(): string | undefined {
  const said = process.env.INTERLOCK_REDIS;
  if (said) return said;
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/local/bin", "/opt/homebrew/bin"];
  return folders
    .filter(Boolean)
    .map((folder) => join(folder, "redis-server"))
    .find((path) => existsSync(path));
}
