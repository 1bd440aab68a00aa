import { type Dirent, existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { InterlockError } from "@interlock/bot";
import { parseManifest, type ServedService } from "@interlock/policy";

/** The name of the file that `interlock generate` writes. */
const fileName = "interlock.manifest.json";

/** How deep, and in how many folders, manifests are looked for. */
const maximumDepth = 6;
const maximumFolders = 2_000;

/** The maximum size of a manifest file, in bytes. */
const maximumBytes = 16_777_216;

/** Folders with code of others, or with much in them. */
export const skippedFolders: ReadonlySet<string> = new Set([
  "node_modules",
  "dist",
  "build",
  "coverage",
  "target",
  "venv",
]);

/**
 * Finds the manifests that `interlock generate` wrote in a folder and below it: 6 levels deep, in 2,000 folders at most,
 * without hidden ones and `node_modules`.
 */
export async function findManifests(folder: string): Promise<string[]> {
  const found: string[] = [];
  let level = [folder];
  let looked = 0;
  for (let depth = 0; depth <= maximumDepth && level.length > 0; depth++) {
    const next: string[] = [];
    for (const place of level) {
      if (++looked > maximumFolders) return found;
      const entries: Dirent[] = await readdir(place, { withFileTypes: true }).catch(() => []);
      for (const entry of entries) {
        if (entry.isFile() && entry.name === fileName) found.push(join(place, entry.name));
        else if (entry.isDirectory() && !entry.name.startsWith(".") && !skippedFolders.has(entry.name))
          next.push(join(place, entry.name));
      }
    }
    level = next;
  }
  return found;
}

/** Reads the services of a manifest file. Rejects with an error that names the file. */
export async function readServices(file: string): Promise<readonly ServedService[]> {
  if (!existsSync(file)) throw new InterlockError("NOT_FOUND", `There is no ${file}: run "interlock generate" first.`);
  try {
    if ((await stat(file)).size > maximumBytes) throw new Error(`it is above ${maximumBytes} bytes`);
    return parseManifest(await readFile(file, "utf8")).services;
  } catch (cause) {
    const problem = `${file} cannot be used: ${(cause as Error).message}`;
    throw new InterlockError("INVALID_ARGUMENT", `${problem}; write it again with "interlock generate".`, { cause });
  }
}
