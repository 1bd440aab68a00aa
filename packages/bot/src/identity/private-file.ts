import { randomUUID } from "node:crypto";
import { chmod, type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { notPermitted } from "./unreadable.js";

/**
 * Writes a file that only its owner can read (mode 0600; new folders 0700). The file is written beside its place, flushed,
 * and moved there, so a reader finds the old file or the new one and never half of one, even after a crash. Once this
 * resolves, a reader finds the new file, even after a crash of the machine.
 */
export async function writePrivateFile(path: string, data: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await create(temporary);
    try {
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await chmod(temporary, 0o600);
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {}); // The first fault tells more.
    throw notPermitted(path, error) ?? error;
  }
}

/** Creates the file, and its folder if that is missing. */
async function create(path: string): Promise<FileHandle> {
  const make = () => open(path, "wx", 0o600);
  try {
    return await make();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return make();
  }
}

// A rename is durable once the folder has been flushed. Windows has no such call, and needs none.
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
