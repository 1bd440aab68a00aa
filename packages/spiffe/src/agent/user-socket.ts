import { chmod, lstat, mkdir, mkdtemp, rename, rm, unlink } from "node:fs/promises";
import type { Server } from "node:net";
import { basename, dirname, join } from "node:path";
import { InterlockError } from "@interlock/bot";
import { giveTo, listenAt, removeLeftSocket } from "@interlock/bot/internal";

/**
 * Has a server listen on a Unix socket of another user, at `<folder of path>/<uid>/<name of path>`: the socket belongs to that user
 * with mode 0600, so that nobody else but root connects, and its folder to the agent with mode 0711, so that the user puts nothing in
 * the socket's place, neither now nor before the agent starts again.
 *
 * The socket is made in a folder that nobody else enters, and moved when it has its owner.
 *
 * @returns The path of the socket, and what removes it.
 * @throws InterlockError `FAILED_PRECONDITION` where this process may not give files away, where others may write the folder of
 *   `path`, or something else is at the place.
 */
export async function listenForUser(
  server: Server,
  path: string,
  uid: number,
): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const shared = dirname(path);
  await mkdir(shared, { recursive: true, mode: 0o711 });
  await checkShared(shared);
  const own = join(shared, String(uid));
  await mkdir(own, { mode: 0o711 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  const found = await lstat(own);
  if (!found.isDirectory()) throw refused(`${own} is a link or a file, and has to be a folder`);
  const agent = process.getuid?.() ?? -1;
  if (found.uid !== agent) await giveTo(own, { uid: agent });
  await chmod(own, 0o711);
  const place = join(own, basename(path));
  await removeLeftSocket(place);

  const making = await mkdtemp(join(shared, ".new-"));
  try {
    const made = join(making, "s");
    await listenAt(server, made);
    await chmod(made, 0o600);
    await giveTo(made, { uid });
    await rename(made, place);
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  const { ino } = await lstat(place);
  return {
    path: place,
    async remove() {
      const there = await lstat(place).catch(() => undefined);
      if (there?.ino === ino) await unlink(place).catch(() => {});
    },
  };
}

/** Refuses a folder in which others could move the folders of the users. */
async function checkShared(folder: string): Promise<void> {
  const found = await lstat(folder);
  if (!found.isDirectory()) throw refused(`${folder} is a link or a file, and has to be a folder`);
  if (found.uid !== process.getuid?.()) throw refused(`${folder} belongs to another user`);
  if ((found.mode & 0o022) !== 0) throw refused(`others may write ${folder}: run chmod 711 on it`);
  if ((found.mode & 0o001) === 0) throw refused(`others may not pass through ${folder}: run chmod 711 on it`);
}

function refused(problem: string): InterlockError {
  return new InterlockError("FAILED_PRECONDITION", `The socket of the agent is not opened: ${problem}.`);
}
