import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { bufConfig } from "./buf-config.js";
import { GenerateError } from "./generate-error.js";

// What buf takes for something else than a folder: "#" begins options, these endings an archive, an image or a repository.
const odd = /#|^-|\.(?:git|zip|tar|tgz|gz|zst|bin|binpb|json|txtpb|yaml)$/;

/**
 * Returns the arguments with which buf reads a folder of proto files, whatever the folder is called.
 *
 * @param protos - The folder, relative to `workspace`.
 * @param paths - Folders and files in it, when not all are meant.
 * @throws GenerateError when there is no such folder.
 */
export async function bufTarget(workspace: string, protos: string, paths: readonly string[] = []): Promise<string[]> {
  const names = await readdir(join(workspace, protos)).catch(({ message }: Error) => {
    throw new GenerateError(`The folder of the proto files cannot be read; name it from ${workspace}: ${message}`);
  });
  const isOdd = odd.test(protos);
  // Its parts can be named where it cannot.
  const parts = paths.length > 0 ? paths : isOdd ? names : [];
  const input = isOdd ? "." : protos;
  return [input, ...bufConfig(workspace, protos), ...parts.map((part) => `--path=${oneValue(`${protos}/${part}`)}`)];
}

/** A value of an option that buf splits at commas. */
function oneValue(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
