import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { CaKeys } from "../ca/ca-keys.js";
import type { KeyVault } from "./key-vault.js";

/** The keys of one folder, by the names of their files. */
export function vaultInFolder(vault: KeyVault, folder: string): CaKeys {
  return {
    read: (name) => vault.read(join(folder, name)),
    write: (name, text) => vault.write(join(folder, name), text),
    delete: (name) => rm(join(folder, name), { force: true }),
  };
}
