import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type KeptRun, parseKeptRun } from "@interlock/audit";
import { InterlockError } from "@interlock/bot";

/** How many results are kept: one a day, for somewhat more than a year. */
export const maximumKeptRuns = 400;

/** The maximum size of one kept result, in bytes. */
const maximumBytes = 16_777_216;

const fileName = /^\d{4}-\d\d-\d\d\.json$/;

/** Keeps a result in a folder: the latest one of each day, 400 of them; the oldest are removed. */
export async function keepRun(folder: string, run: KeptRun): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${new Date(run.at).toISOString().slice(0, 10)}.json`);
  await writeFile(`${path}.new`, `${JSON.stringify(run)}\n`);
  await rename(`${path}.new`, path);
  const all = await keptFiles(folder);
  for (const file of all.slice(0, Math.max(0, all.length - maximumKeptRuns))) await rm(join(folder, file));
  return path;
}

/** Reads the results in a folder, the oldest first; none where there is no folder. */
export async function readKeptRuns(folder: string): Promise<KeptRun[]> {
  const runs: KeptRun[] = [];
  for (const file of (await keptFiles(folder)).slice(-maximumKeptRuns)) {
    const path = join(folder, file);
    try {
      if ((await stat(path)).size > maximumBytes) throw new Error(`it is above ${maximumBytes} bytes`);
      runs.push(parseKeptRun(await readFile(path, "utf8")));
    } catch (cause) {
      const problem = `${path} cannot be used: ${(cause as Error).message}`;
      throw new InterlockError("INVALID_ARGUMENT", `${problem}; remove it.`, { cause });
    }
  }
  return runs;
}

async function keptFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return names.filter((name) => fileName.test(name)).sort();
}
