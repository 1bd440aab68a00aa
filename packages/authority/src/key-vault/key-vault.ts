import type { KeyPlace } from "./key-place.js";
import { isSealed, seal, unseal } from "./seal.js";

/** A vault for private keys, each with a name such as `ca.key` or `token-<kid>.key`. */
export interface KeyVault {
  /** Reads a key; `undefined` when there is none with that name. Rejects when it cannot be decrypted. */
  read(name: string): Promise<string | undefined>;
  write(name: string, text: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** Lists the names, in no particular order. */
  names(): Promise<string[]>;
  /** Makes the error for a missing key, which says where it was and what to do. */
  missing(name: string): Error;
}

/**
 * Creates a vault in a place, encrypted with a passphrase; without one, the keys are not encrypted. Unencrypted keys
 * from before the passphrase are encrypted when they are first read.
 */
export function createKeyVault(place: KeyPlace, passphrase?: string): KeyVault {
  async function write(name: string, text: string): Promise<void> {
    await place.write(name, passphrase === undefined ? text : await seal(text, passphrase, name));
  }
  return {
    write,
    async read(name) {
      const text = await place.read(name);
      if (text === undefined) return undefined;
      const where = place.describe(name);
      if (!isSealed(text)) {
        if (passphrase !== undefined) await write(name, text);
        return text;
      }
      if (passphrase === undefined)
        throw new Error(`${where} is encrypted: give the passphrase, or the key file, for it.`);
      return unseal(text, passphrase, name).catch((cause: unknown) => {
        throw new Error(`${where} cannot be decrypted: the passphrase is wrong, or the file was changed.`, { cause });
      });
    },
    remove: (name) => place.remove(name),
    names: () => place.names(),
    missing: (name) => new Error(`${place.describe(name)} is missing. Restore it from your backup.`),
  };
}
