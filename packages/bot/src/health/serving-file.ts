import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writePrivateFile } from "../identity/private-file.js";

/** The file with the addresses at which the bot of a folder serves on its machine, for a probe beside it. */
export interface ServingFile {
  /** The addresses, `host:port`; none when the file cannot be read. */
  load(): Promise<readonly string[]>;
  save(addresses: readonly string[]): Promise<void>;
}

/** Keeps the addresses as `serving.json` in `folder`. */
export function createServingFile(folder: string): ServingFile {
  const path = join(folder, "serving.json");
  return {
    async load() {
      try {
        const { addresses }: { addresses?: unknown } = JSON.parse(await readFile(path, "utf8"));
        return Array.isArray(addresses) ? addresses.filter((one): one is string => typeof one === "string") : [];
      } catch {
        return [];
      }
    },
    save: (addresses) => writePrivateFile(path, `${JSON.stringify({ addresses }, undefined, 2)}\n`),
  };
}
