import { readFile, stat } from "node:fs/promises";
import { InterlockError } from "@interlock/bot";

const usualBytes = 1_048_576;

/** Reads a file that a person has named: a text, by default of at most 1 MiB. Rejects with what to do. */
export async function readTextFile(file: string, maximumBytes = usualBytes): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size > maximumBytes)
      throw new InterlockError("INVALID_ARGUMENT", `${file} has more than ${maximumBytes} bytes.`);
    return await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof InterlockError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new InterlockError("NOT_FOUND", `${file} cannot be read (${code}): give the path of a file.`, {
      cause: error,
    });
  }
}
