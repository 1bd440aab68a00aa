import { readFile, stat } from "node:fs/promises";
import { InterlockError } from "@interlock/bot";

/**
 * Reads a text file of at most `maximumBytes`.
 *
 * @param what - What the file is, for the error, for example "baseline".
 * @throws InterlockError `NOT_FOUND` or `INVALID_ARGUMENT`, with what to do.
 */
export async function readBounded(path: string, maximumBytes: number, what: string): Promise<string> {
  const facts = await stat(path).catch((cause) => {
    const problem = cause.code === "ENOENT" ? `There is no file ${path}` : `${path} cannot be read (${cause.code})`;
    throw new InterlockError("NOT_FOUND", `${problem}: name the ${what}.`, { cause });
  });
  if (!facts.isFile() || facts.size > maximumBytes)
    throw new InterlockError(
      "INVALID_ARGUMENT",
      `${path} is no ${what}: it must be a file of ${maximumBytes} bytes at most.`,
    );
  return readFile(path, "utf8");
}
