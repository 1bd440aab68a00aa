import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { writePrivateFile } from "@interlock/bot/internal";
import type { KeyPlace } from "./key-place.js";

/** How the names of private keys end, so that they are found among other files. */
const suffix = ".key";

/** Keeps private keys as files, mode 0600, in `folder`, which is there. */
export function createKeyFolder(folder: string): KeyPlace {
  const pathOf = (name: string) => join(folder, checked(name));
  return {
    async read(name) {
      return readFile(pathOf(name), "utf8").catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return undefined;
        throw error;
      });
    },
    write: async (name, text) => writePrivateFile(pathOf(name), text),
    remove: async (name) => rm(pathOf(name), { force: true }),
    names: async () => (await readdir(folder)).filter((name) => name.endsWith(suffix)),
    describe: pathOf,
  };
}

// Names come from our own code and from backups, and those have been elsewhere.
function checked(name: string): string {
  if (/^[\w-][\w.-]*\.key$/.test(name)) return name;
  throw new Error(`"${name}" is no name of a private key`);
}
