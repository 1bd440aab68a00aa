import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { InterlockError, silentLog } from "@interlock/bot";
import { writePrivateFile } from "@interlock/bot/internal";
import { createKeyFolder } from "../key-vault/key-folder.js";
import type { KeyPlace } from "../key-vault/key-place.js";
import { createKeyTable } from "../key-vault/key-table.js";
import { createKeyVault, type KeyVault } from "../key-vault/key-vault.js";
import { openSharedStore } from "../store/open-store.js";

/** Where a root's private key is, and where it goes. */
export interface RootKeyMove {
  /** The authority's data folder; or, in `store`, the URL of its PostgreSQL database. */
  readonly dataDir?: string;
  readonly store?: string;
  /** What the key is called there, as `ListCas` says. */
  readonly name: string;
  /** The file to make. */
  readonly out: string;
  /** The passphrase that encrypts it here and there, if there is one. */
  readonly keyPassphrase?: string;
}

/**
 * Moves a root's private key, with its certificate, from where the authority keeps it into a file (mode 0600). It is on the
 * disk there before it is gone here. The authority may be running: it asks for the key only when an intermediate is due.
 */
export async function moveRootKey({ dataDir, store, name, out, keyPassphrase }: RootKeyMove): Promise<void> {
  const there = createKeyVault(oneFile(out), keyPassphrase);
  const file = basename(out);
  if ((await there.read(file)) !== undefined) {
    throw new InterlockError("ALREADY_EXISTS", `${out} is there already: choose another file.`);
  }
  await inVault({ dataDir, store, keyPassphrase }, async (here) => {
    const text = await here.read(name);
    if (text === undefined) throw notFound(`${here.missing(name).message} Or run this where the authority is.`);
    await there.write(file, text);
    if ((await there.read(file)) !== text) throw new Error(`${out} does not hold what was written.`);
    await here.remove(name);
  });
}

/** Reads the file that {@link moveRootKey} made: PEM, key and certificate. Rejects, saying what to do, when it cannot. */
export async function readRootKey({ path, keyPassphrase }: { path: string; keyPassphrase?: string }): Promise<string> {
  const text = await createKeyVault(oneFile(path), keyPassphrase).read(basename(path));
  if (text === undefined) throw notFound(`${path} is not there: name the file that "interlock ca export-root" wrote.`);
  return text;
}

interface Where {
  readonly dataDir: string | undefined;
  readonly store: string | undefined;
  readonly keyPassphrase: string | undefined;
}

/** Runs `work` with the keys of an authority. */
async function inVault({ dataDir, store, keyPassphrase }: Where, work: (vault: KeyVault) => Promise<void>) {
  if (store === undefined) return work(createKeyVault(createKeyFolder(dataDir ?? "."), keyPassphrase));
  const opened = await openSharedStore(store, silentLog);
  try {
    await work(createKeyVault(createKeyTable(opened.privateKeys), keyPassphrase));
  } finally {
    await opened.close();
  }
}

/** A file of any name, as a place for one key. It is sealed under that name, which it has to keep. */
function oneFile(path: string): KeyPlace {
  const elsewhere = async (): Promise<never> => {
    throw new Error("There is one key in a file.");
  };
  return {
    read: () =>
      readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return undefined;
        throw error;
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
