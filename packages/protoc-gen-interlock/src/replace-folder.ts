import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { GenerateError } from "./generate-error.js";
import { manifestFile } from "./manifest-file.js";

/**
 * Fills a new folder and replaces `folder` with it, so that no stale file stays and nothing is lost if `fill` throws. It
 * refuses to replace a folder that was not generated.
 */
export async function replaceFolder<T>(folder: string, fill: (folder: string) => Promise<T>): Promise<T> {
  const existing = await readdir(folder).catch(emptyIfMissing);
  if (existing.length > 0 && !existing.includes(manifestFile)) {
    throw new GenerateError(`${folder} holds no ${manifestFile}, so it was not generated: empty it, or choose another`);
  }
  await mkdir(dirname(folder), { recursive: true });
  // Beside `folder`, because a rename cannot cross file systems.
  const work = await mkdtemp(join(dirname(folder), `.${basename(folder)}-`));
  try {
    const result = await fill(join(work, "new"));
    await mkdir(folder, { recursive: true });
    await rename(folder, join(work, "old"));
    await rename(join(work, "new"), folder).catch(async (error: unknown) => {
      await rename(join(work, "old"), folder);
      throw error;
    });
    return result;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function emptyIfMissing(error: NodeJS.ErrnoException): string[] {
  if (error.code === "ENOENT") return [];
  throw error;
}
