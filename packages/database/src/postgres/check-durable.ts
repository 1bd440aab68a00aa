import { InterlockError, type Log } from "@interlock/bot";
import type pg from "pg";

/** The check of a new connection. Rejects with `FAILED_PRECONDITION` when its commits may be lost. */
export type DurabilityCheck = (client: pg.ClientBase) => Promise<void>;

interface Settings {
  readonly fsync: string;
  readonly fullPageWrites: string;
  readonly synchronousCommit: string;
  readonly standbys: string;
}

// The session keeps the setting that is judged here, also when the server's configuration is changed and loaded anew.
const question = `select current_setting('fsync') as "fsync",
  current_setting('full_page_writes') as "fullPageWrites",
  current_setting('synchronous_standby_names') as "standbys",
  set_config('synchronous_commit', current_setting('synchronous_commit'), false) as "synchronousCommit"`;

/**
 * Creates the check of a new connection: a commit that PostgreSQL acknowledges has to be on the disk. The setting may come
 * from the server, the database, the role or the URL; what counts is what the session has.
 *
 * - `synchronous_commit=off` is refused: a commit is acknowledged before it is written.
 * - `synchronous_commit=local` is refused where there are synchronous standbys: a standby that takes over would lack commits
 *   that were acknowledged. Without such standbys it means the same as `on`.
 * - `fsync=off` is refused: nothing is ever flushed.
 * - `full_page_writes=off` is warned of, once: it is safe on a file system that never writes half a page, such as ZFS, and
 *   PostgreSQL cannot know that.
 */
export function createDurabilityCheck(log: Log): DurabilityCheck {
  let warned = false;
  return async function checkDurable(client) {
    const { rows } = await client.query<Settings>(question);
    const settings = rows[0] as Settings;
    const fault = faultOf(settings);
    if (fault) throw new InterlockError("FAILED_PRECONDITION", fault);
    if (settings.fullPageWrites !== "off" || warned) return;
    warned = true;
    log.warn(
      "PostgreSQL has full_page_writes=off: on most file systems a crash of its machine can damage the database",
    );
  };
}

function faultOf({ fsync, synchronousCommit, standbys }: Settings): string | undefined {
  if (fsync === "off") {
    return "PostgreSQL has fsync=off, so what is acknowledged could be lost in a crash: turn it on for the server.";
  }
  if (synchronousCommit === "off") {
    return "PostgreSQL has synchronous_commit=off, so what is acknowledged could be lost in a crash: turn it on for this role.";
  }
  if (synchronousCommit === "local" && standbys !== "") {
    return "PostgreSQL has synchronous_commit=local, so what is acknowledged could be missing on the standby that takes over: turn it on for this role.";
  }
  return undefined;
}
