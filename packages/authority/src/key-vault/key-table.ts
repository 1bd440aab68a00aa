import type { PrivateKeys } from "../store/private-keys.js";
import type { KeyPlace } from "./key-place.js";

/**
 * Creates a place for private keys in the store, for every authority on it. Use it only with a vault that has a
 * passphrase.
 */
export function createKeyTable(privateKeys: PrivateKeys): KeyPlace {
  return {
    read: async (name) => (await privateKeys.find(name))?.text,
    write: (name, text) => privateKeys.save({ name, text }),
    remove: (name) => privateKeys.delete(name),
    names: () => privateKeys.names(),
    describe: (name) => `${name}, in the store,`,
  };
}
