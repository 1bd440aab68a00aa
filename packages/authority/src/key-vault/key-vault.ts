import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { writePrivateFile } from "@interlock/bot";
import { isSealed, seal, unseal } from "./seal.js";

/** Keeps private keys in files, mode 0600. */
export interface KeyVault {
  /** `undefined` when there is no such file. Rejects, saying what to do, when it cannot be decrypted. */
  read(path: string): Promise<string | undefined>;
  write(path: string, text: string): Promise<void>;
}

/**
 * Keeps private keys encrypted under a passphrase; or as they are, where there is none. A file from before there was a
 * passphrase is encrypted when it is first read.
 */
export function createKeyVault(passphrase?: string): KeyVault {
  async function write(path: string, text: string): Promise<void> {
    await writePrivateFile(path, passphrase === undefined ? text : await seal(text, passphrase, basename(path)));
  }
  return {
    write,
    async read(path) {
      const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return undefined;
        throw error;
      });
      if (text === undefined) return undefined;
      if (!isSealed(text)) {
        if (passphrase !== undefined) await write(path, text);
        return text;
      }
      if (passphrase === undefined)
        throw new Error(`${path} is encrypted: give the passphrase, or the key file, for it.`);
      return unseal(text, passphrase, basename(path)).catch((cause: unknown) => {
        throw new Error(`${path} cannot be decrypted: the passphrase is another, or the file was changed.`, { cause });
      });
    },
  };
}
