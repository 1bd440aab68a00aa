import { rmSync } from "node:fs";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { npmOk, packAll } from "./npm.js";

let installing: Promise<string> | undefined;

/**
 * Returns a folder outside this repository with our packages installed, packed as they would be published. It is created once
 * for all tests of a run, and removed at the end.
 */
export function installedPackages(): Promise<string> {
  installing ??= install();
  return installing;
}

async function install(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "interlock-packed-"));
  process.once("exit", () => rmSync(dir, { recursive: true, force: true }));
  const tarballs = join(dir, "tarballs");
  const folder = join(dir, "installed");
  await mkdir(tarballs);
  await mkdir(folder);
  await writeFile(join(folder, "package.json"), "{}");
  const files = await packAll(tarballs);
  await npmOk(folder, "install", "--prefer-offline", ...files);
  return folder;
}
