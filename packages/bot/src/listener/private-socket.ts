import { chmod, lchown, lstat, mkdir, unlink } from "node:fs/promises";
import { connect, type Server } from "node:net";
import { dirname } from "node:path";
import { InterlockError } from "../base/error.js";

/** The users that may connect, beside the one that listens. */
export interface SocketReaders {
  /** The id of a group whose members may connect. Default: none. */
  readonly gid?: number | undefined;
}

/**
 * Has a server listen on a Unix socket that only this user reaches: the file has mode 0600, in a folder of mode 0700, which is made
 * where there is none. With `gid`, the members of that group reach it, too: modes 0660 and 0710. A socket that nobody listens on any
 * more is replaced.
 *
 * @throws InterlockError `FAILED_PRECONDITION` where others may enter the folder, or something else is at the path.
 */
export async function listenPrivately(server: Server, path: string, { gid }: SocketReaders = {}): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await checkFolder(folder, gid);
  await removeLeftSocket(path);
  // Nobody else gets to the file before it has its own mode.
  if (gid !== undefined) await chmod(folder, 0o700);
  await listenAt(server, path);
  await chmod(path, 0o600);
  if (gid === undefined) return;
  for (const [entry, mode] of [[path, 0o660] as const, [folder, 0o710] as const]) {
    await giveTo(entry, { gid });
    await chmod(entry, mode);
  }
}

/** Has a server listen on the Unix socket at `path`. Rejects where it cannot. */
export function listenAt(server: Server, path: string): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const fail = (error: Error) => reject(refused(error.message));
    server.once("error", fail);
    server.listen(path, () => {
      server.off("error", fail);
      resolve();
    });
  });
}

/** Gives a file to another user or group; a link itself, and not what it leads to. Rejects where this process may not. */
export async function giveTo(path: string, { uid = -1, gid = -1 }: { uid?: number; gid?: number }): Promise<void> {
  await lchown(path, uid, gid).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "EPERM") throw cause;
    const whom = uid === -1 ? `group ${gid}, of which this user is no member` : `user ${uid}`;
    throw refused(`this user may not give ${path} to ${whom}: start it as root, or with CAP_CHOWN`);
  });
}

/** Refuses a folder into which others come, except the members of `gid`, who may pass through it. */
async function checkFolder(folder: string, gid: number | undefined): Promise<void> {
  const found = await lstat(folder);
  const user = process.getuid?.();
  if (!found.isDirectory()) throw refused(`${folder} is a link or a file, and has to be a folder`);
  if (user !== undefined && found.uid !== user) throw refused(`${folder} belongs to another user`);
  const mode = found.mode & 0o077;
  const isTheirs = mode === 0o010 && gid !== undefined && found.gid === gid;
  if (process.platform !== "win32" && mode !== 0 && !isTheirs) {
    throw refused(`other users may enter ${folder}: run chmod 700 on it, or choose a folder of its own`);
  }
}

/** Removes the socket of a process that was killed. Rejects where a process listens on it, and where it is no socket. */
export async function removeLeftSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (!found) return;
  if (!found.isSocket()) throw refused(`${path} is no socket, and is not replaced: choose another path`);
  // Anything but a refusal may come from a process that listens, and is only busy.
  const isInUse = await new Promise<boolean>((resolve) => {
    const socket = connect(path, () => resolve(true));
    socket.on("error", ({ code }: NodeJS.ErrnoException) => resolve(code !== "ECONNREFUSED"));
    socket.once("connect", () => socket.destroy());
  });
  if (isInUse) throw refused(`another process listens on ${path}: stop it, or choose another path`);
  await unlink(path);
}

function refused(problem: string): InterlockError {
  return new InterlockError("FAILED_PRECONDITION", `The local socket is not opened: ${problem}.`);
}
