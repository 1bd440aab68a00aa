import { basename, dirname } from "node:path";
import { InterlockError } from "@interlock/bot";
import { createKeyVault } from "../key-vault/key-vault.js";
import { vaultInFolder } from "../key-vault/vault-in-folder.js";

/** Where a root's private key is, and where it goes. */
export interface RootKeyMove {
  /** The authority's data folder. */
  readonly dataDir: string;
  /** What the key is called there, as `ListCas` says. */
  readonly name: string;
  /** The file to make. */
  readonly out: string;
  /** The passphrase that encrypts it here and there, if there is one. */
  readonly keyPassphrase?: string;
}

/**
 * Moves a root's private key, with its certificate, out of the data folder into a file (mode 0600). It is on the disk there
 * before it is gone here. The authority may be running: it asks for the key only when an intermediate is due.
 */
export async function moveRootKey({ dataDir, name, out, keyPassphrase }: RootKeyMove): Promise<void> {
  const vault = createKeyVault(keyPassphrase);
  const here = vaultInFolder(vault, dataDir);
  const there = vaultInFolder(vault, dirname(out));
  const text = await here.read(name);
  if (text === undefined) throw notFound(`There is no ${name} in ${dataDir}: run this where the authority is.`);
  if ((await there.read(basename(out))) !== undefined) {
    throw new InterlockError("ALREADY_EXISTS", `${out} is there already: choose another file.`);
  }
  await there.write(basename(out), text);
  if ((await there.read(basename(out))) !== text) throw new Error(`${out} does not hold what was written.`);
  await here.delete(name);
}

/** Reads the file that {@link moveRootKey} made: PEM, key and certificate. Rejects, saying what to do, when it cannot. */
export async function readRootKey({ path, keyPassphrase }: { path: string; keyPassphrase?: string }): Promise<string> {
  const text = await vaultInFolder(createKeyVault(keyPassphrase), dirname(path)).read(basename(path));
  if (text === undefined) throw notFound(`${path} is not there: name the file that "interlock ca export-root" wrote.`);
  return text;
}

function notFound(message: string): InterlockError {
  return new InterlockError("NOT_FOUND", message);
}
