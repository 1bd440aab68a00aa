import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { InterlockError, silentLog } from "@interlock/bot";
import { unreadable, writePrivateFile } from "@interlock/bot/internal";
import { createKeyFolder } from "../key-vault/key-folder.js";
import type { KeyPlace } from "../key-vault/key-place.js";
import { createKeyTable } from "../key-vault/key-table.js";
import { createKeyVault, type KeyVault } from "../key-vault/key-vault.js";
import { openSharedStore } from "../store/open-store.js";

/** The source and the target of a root's private key. */
export interface RootKeyMove {
  /** The authority's data folder; or, in `store`, the URL of its PostgreSQL database. */
  readonly dataDir?: string;
  readonly store?: string;
  /** The name of the key there, as `ListCas` returns it. */
  readonly name: string;
  /** The new file. */
  readonly out: string;
  /** The passphrase that encrypts the key in both places; absent when it is not encrypted. */
  readonly keyPassphrase?: string;
}

/** Moves a root's private key into a file; see `on-demand.ts`. */
export async function moveRootKey({ dataDir, store, name, out, keyPassphrase }: RootKeyMove): Promise<void> {
  const there = createKeyVault(oneFile(out), keyPassphrase);
  const file = basename(out);
  if ((await there.read(file)) !== undefined) {
    throw new InterlockError("ALREADY_EXISTS", `${out} already exists: choose another file.`);
  }
  await inVault({ dataDir, store, keyPassphrase }, async (here) => {
    const text = await here.read(name);
    if (text === undefined)
      throw notFound(`${here.missing(name).message} Or run this on the machine of the authority.`);
    await there.write(file, text);
    if ((await there.read(file)) !== text) throw new Error(`${out} does not contain what was written.`);
    await here.remove(name);
  });
}

/** Reads the file of a root's private key; see `on-demand.ts`. */
export async function readRootKey({ path, keyPassphrase }: { path: string; keyPassphrase?: string }): Promise<string> {
  const text = await createKeyVault(oneFile(path), keyPassphrase).read(basename(path));
  if (text === undefined)
    throw notFound(`There is no file ${path}: name the file that "interlock ca export-root" wrote.`);
  return text;
}

interface Where {
  readonly dataDir: string | undefined;
  readonly store: string | undefined;
  readonly keyPassphrase: string | undefined;
}

/** Runs `work` with the private keys of an authority. */
async function inVault({ dataDir, store, keyPassphrase }: Where, work: (vault: KeyVault) => Promise<void>) {
  if (store === undefined) return work(createKeyVault(createKeyFolder(dataDir ?? "."), keyPassphrase));
  const opened = await openSharedStore(store, silentLog);
  try {
    await work(createKeyVault(createKeyTable(opened.privateKeys), keyPassphrase));
  } finally {
    await opened.close();
  }
}

/** A key place that is one file. The key is sealed under the file's name, which must not change. */
function oneFile(path: string): KeyPlace {
  const elsewhere = async (): Promise<never> => {
    throw new Error("A root key file holds exactly one key.");
  };
  return {
    read: () =>
      readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return undefined;
        throw unreadable(path, error);
      }),
    write: (_name, text) => writePrivateFile(path, text),
    remove: elsewhere,
    names: elsewhere,
    describe: () => path,
  };
}

function notFound(message: string): InterlockError {
  return new InterlockError("NOT_FOUND", message);
}
