import { chmod, lstat, mkdir, unlink } from "node:fs/promises";
import { connect, type Server } from "node:net";
import { dirname } from "node:path";
import { InterlockError } from "@interlock/bot";

/**
 * Has a server listen on a Unix socket that only this user reaches: the file has mode 0600, in a folder of mode 0700, which is made
 * where there is none. A socket that nobody listens on any more is replaced.
 *
 * @throws InterlockError `FAILED_PRECONDITION` where others may enter the folder, or something else is at the path.
 */
export async function listenPrivately(server: Server, path: string): Promise<void> {
  await checkFolder(dirname(path));
  await removeLeftOver(path);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      resolve();
    });
  });
  await chmod(path, 0o600);
}

async function checkFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const found = await lstat(folder);
  const user = process.getuid?.();
  if (!found.isDirectory()) throw refused(`${folder} is a link or a file, and has to be a folder`);
  if (user !== undefined && found.uid !== user) throw refused(`${folder} belongs to another user`);
  if (process.platform !== "win32" && (found.mode & 0o077) !== 0) {
    throw refused(`other users may enter ${folder}: run chmod 700 on it, or choose a folder of the sidecar's own`);
  }
}

/** Removes the socket of a sidecar that was killed. */
async function removeLeftOver(path: string): Promise<void> {
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
  return new InterlockError("FAILED_PRECONDITION", `The sidecar does not listen for its program: ${problem}.`);
}
