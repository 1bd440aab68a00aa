import { silentLog } from "@interlock/bot";
import { type CaBasis, type CaBook, openCaBook } from "../ca/ca-book.js";
import type { CaKeys } from "../ca/ca-keys.js";
import { createKeyVault } from "../key-vault/key-vault.js";
import { vaultInFolder } from "../key-vault/vault-in-folder.js";
import type { Store } from "../store/store.js";

const hour = 3_600_000;

/** Private keys in memory. */
export function keysInMemory(): CaKeys & { readonly names: () => string[] } {
  const texts = new Map<string, string>();
  return {
    read: async (name) => texts.get(name),
    write: async (name, text) => void texts.set(name, text),
    delete: async (name) => void texts.delete(name),
    names: () => [...texts.keys()].sort(),
  };
}

/** What a CA stands on in a test: the trust domain `cafe`, leaves of one hour, keys in `folder`, a clock that stands at `now`. */
export function caBasis(store: Store, folder: string, now: number): CaBasis {
  return {
    store,
    keys: vaultInFolder(createKeyVault(), folder),
    trustDomain: "cafe",
    leafTtlMs: hour,
    clock: { now: () => now },
    log: silentLog,
    self: "spiffe://cafe/interlock/authority",
  };
}

/** Opens the CA of a test's store, for the trust domain `cafe`. */
export async function openTestCa(store: Store, folder: string, now: number): Promise<CaBook> {
  if (!(await store.fleet.get())) await store.fleet.create("cafe", now);
  return openCaBook(caBasis(store, folder, now));
}
