import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "../structure/source-graph.js";

const execute = promisify(execFile);

/** Where programs are kept that are built once for each version. */
export const cache = join(root, "node_modules/.cache/interlock");

/** Installs a program of a Go module at a version from the module proxy. Gives its path, or a line that says why there is none. */
export async function installGo(pkg: string, version: string): Promise<{ path: string } | { missing: string }> {
  const name = pkg.slice(pkg.lastIndexOf("/") + 1);
  const folder = join(cache, `${name}-${version}`);
  const path = join(folder, process.platform === "win32" ? `${name}.exe` : name);
  if (existsSync(path)) return { path };
  await mkdir(folder, { recursive: true });
  return attempt(path, ["install", `${pkg}@${version}`], { env: { ...process.env, GOBIN: folder } });
}

/** Builds the Go program of a folder. Go keeps what it has built, so a second time is quick. */
export async function buildGo(folder: string, path: string): Promise<{ path: string } | { missing: string }> {
  return attempt(path, ["build", "-o", path, "."], { cwd: folder });
}

async function attempt(path: string, args: string[], options: { cwd?: string; env?: NodeJS.ProcessEnv }) {
  try {
    await execute("go", args, options);
    return { path };
  } catch (error) {
    const { stderr = "", code } = error as { stderr?: string; code?: unknown };
    const why = code === "ENOENT" ? "there is no Go on the PATH" : stderr.trim().split("\n").at(-1) || String(error);
    return { missing: why };
  }
}
