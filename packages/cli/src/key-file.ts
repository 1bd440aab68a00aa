import { readFile } from "node:fs/promises";
import { InterlockError } from "@interlock/bot";
import { unreadable } from "@interlock/bot/internal";

/** Reads the passphrase of the authority's private keys from a key file or from INTERLOCK_KEY_PASSPHRASE. */
export async function readPassphrase(keyFile: string | undefined): Promise<{ keyPassphrase?: string }> {
  const fromEnvironment = process.env.INTERLOCK_KEY_PASSPHRASE;
  if (keyFile === undefined) return fromEnvironment ? { keyPassphrase: fromEnvironment } : {};
  const text = await readFile(keyFile, "utf8").catch((cause) => {
    throw (
      unreadable(keyFile, cause) ??
      new InterlockError("NOT_FOUND", `There is no ${keyFile}: name an existing key file.`, { cause })
    );
  });
  return { keyPassphrase: text.trim() };
}
