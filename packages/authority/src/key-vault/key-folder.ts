import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { unreadable, writePrivateFile } from "@interlock/bot/internal";
import type { KeyPlace } from "./key-place.js";

/** The suffix of private keys, which distinguishes them from other files. */
const suffix = ".key";

/** Creates a place for private keys that stores them as files, mode 0600, in an existing folder. */
export function createKeyFolder(folder: string): KeyPlace {
  const pathOf = (name: string) => join(folder, checked(name));
  return {
    async read(name) {
      return readFile(pathOf(name), "utf8").catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return undefined;
        throw unreadable(pathOf(name), error);
      });
    },
    write: async (name, text) => writePrivateFile(pathOf(name), text),
    remove: async (name) => rm(pathOf(name), { force: true }),
    names: async () => (await readdir(folder)).filter((name) => name.endsWith(suffix)),
    describe: pathOf,
  };
}

// Names come from our own code and from backups, which may have been changed elsewhere.
function checked(name: string): string {
  if (/^[\w-][\w.-]*\.key$/.test(name)) return name;
  throw new Error(`"${name}" is not a name of a private key`);
}
