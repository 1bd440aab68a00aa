import { writeFile } from "node:fs/promises";
import { InterlockError } from "@interlock/bot";

/** Writes a file that a command line names. Rejects with `INVALID_ARGUMENT`, and what to do. */
export async function writeReport(path: string, text: string): Promise<void> {
  await writeFile(path, text).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === "ENOENT" ? "its folder does not exist" : cause.code;
    throw new InterlockError("INVALID_ARGUMENT", `${path} cannot be written: ${why}.`, { cause });
  });
}
