import type { KeyPlace } from "./key-place.js";
import { isSealed, seal, unseal } from "./seal.js";

/** Keeps private keys by their names: `ca.key`, `token-<kid>.key`. */
export interface KeyVault {
  /** `undefined` when there is none of that name. Rejects, saying what to do, when it cannot be decrypted. */
  read(name: string): Promise<string | undefined>;
  write(name: string, text: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** The names there are, in no order. */
  names(): Promise<string[]>;
  /** What is said of a key that should be there and is not: where it was, and what to do. */
  missing(name: string): Error;
}

/**
 * Keeps private keys in a place, encrypted under a passphrase; or as they are, where there is none. What is there from
 * before there was a passphrase is encrypted when it is first read.
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
        throw new Error(`${where} cannot be decrypted: the passphrase is another, or it was changed.`, { cause });
      });
    },
    remove: (name) => place.remove(name),
    names: () => place.names(),
    missing: (name) => new Error(`${place.describe(name)} is missing. Restore it from your backup.`),
  };
}
