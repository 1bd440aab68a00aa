// What this package does. Each part of it is loaded when it is asked for: a program that may start an authority, and does
// not, or only backs one up, does not load all of it.
import type { Log } from "@interlock/bot";
import type { Authority } from "./authority.js";
import type { BackedUp } from "./backup/back-up.js";
import type { SigningOrder } from "./ca/intermediate-request.js";
import type { RootKeyMove } from "./ca/root-key-file.js";
import type { AuthorityOptions } from "./options.js";

/**
 * Starts an authority. The first start on a data folder creates the fleet there; later starts load it.
 *
 * @param options - Where the authority keeps its data, its trust domain and its ports; the rest has defaults.
 * @returns The running authority.
 * @throws InterlockError when another authority runs on the folder, when the folder belongs to another fleet, when
 *   something is missing from it, and when the port is in use; TypeError for a wrong option.
 *
 * @example
 * ```ts
 * const authority = await startAuthority({ dataDir: ".interlock/authority", trustDomain: "cafe", port: 7443 });
 * const joinToken = await authority.createJoinToken("gripper/1");
 * ```
 */
export async function startAuthority(options: AuthorityOptions): Promise<Authority> {
  const part = await import("./authority.js");
  return part.startAuthority(options);
}

/**
 * Backs up a data folder into one new file (mode 0600): an SQLite database that also holds the private keys, encrypted
 * or not as they are. The authority may keep running; the backup shows the state at one moment.
 *
 * @param dataDir - The data folder of the authority.
 * @param file - The new file.
 * @returns How many private keys the backup has, and whether they are encrypted.
 * @throws InterlockError `NOT_FOUND` when the folder has no authority; `ALREADY_EXISTS` when `file` exists.
 *
 * @example
 * ```ts
 * const { keys, sealed } = await backUp(".interlock/authority", "authority-2030-01-31.db");
 * ```
 */
export async function backUp(dataDir: string, file: string): Promise<BackedUp> {
  const part = await import("./backup/back-up.js");
  return part.backUp(dataDir, file);
}

/**
 * Restores a data folder from a backup. No authority can use the folder before it is complete.
 *
 * @param file - The file that {@link backUp} has written.
 * @param dataDir - The new data folder.
 * @param now - The time of the restore, in milliseconds since the epoch.
 * @throws InterlockError `FAILED_PRECONDITION` when the folder already has an authority; `NOT_FOUND` when there is no
 *   file; `INVALID_ARGUMENT` when the file is not a backup.
 *
 * @example
 * ```ts
 * await restore("authority-2030-01-31.db", ".interlock/authority", Date.now());
 * ```
 */
export async function restore(file: string, dataDir: string, now: number): Promise<void> {
  const part = await import("./backup/restore.js");
  return part.restore(file, dataDir, now);
}

/**
 * Marks a PostgreSQL store as restored. Call it once after a restore with PostgreSQL's own tools, before an authority
 * starts on the store.
 *
 * @param url - The URL of the database, `postgres://user:password@host:port/database`.
 * @param now - The time of the restore, in milliseconds since the epoch.
 * @param log - The log.
 * @throws InterlockError `NOT_FOUND` when the database has no fleet.
 */
export async function restoredWithPostgres(url: string, now: number, log: Log): Promise<void> {
  const part = await import("./backup/restore.js");
  return part.restoredWithPostgres(url, now, log);
}

/**
 * Signs the request for an intermediate with a root, without an authority. Only the key and the trust domain come from the
 * request.
 *
 * @param order - The root, the request, and the lifetime.
 * @returns The chain to import, PEM: the intermediate, then the root.
 * @throws InterlockError `INVALID_ARGUMENT` or `CSR_REJECTED`.
 */
export async function signIntermediateRequest(order: SigningOrder): Promise<string> {
  const part = await import("./ca/intermediate-request.js");
  return part.signIntermediateRequest(order);
}

/**
 * Moves a root's private key with its certificate from the authority into a file (mode 0600). The key is on the disk
 * there before it is removed here. The authority may keep running: it needs the key only when an intermediate is due.
 *
 * @param move - The source, the name of the key, and the new file.
 * @throws InterlockError `ALREADY_EXISTS` when the file exists; `NOT_FOUND` when the key is not there.
 */
export async function moveRootKey(move: RootKeyMove): Promise<void> {
  const part = await import("./ca/root-key-file.js");
  return part.moveRootKey(move);
}

/**
 * Reads a file that {@link moveRootKey} wrote.
 *
 * @param file - Its path, and the passphrase if it is encrypted.
 * @returns The key and the certificate, PEM.
 * @throws InterlockError `NOT_FOUND` when there is no file; Error when it cannot be decrypted.
 */
export async function readRootKey(file: { path: string; keyPassphrase?: string }): Promise<string> {
  const part = await import("./ca/root-key-file.js");
  return part.readRootKey(file);
}
