import { spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "@interlock/testing-processes";
import pg from "pg";
import { findPostgres } from "./find-postgres.js";

/** A PgBouncer of one's own in front of one database, in session pooling. */
export interface PgBouncer {
  /** The address of the database through PgBouncer. */
  readonly url: string;
  /** Stops it, and removes its files. It also ends with this process. */
  stop(): Promise<void>;
}

/** Finds PgBouncer. Returns undefined when it is not installed: on Debian, `apt-get install pgbouncer`. */
export function findPgBouncer(): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/bin", "/opt/homebrew/bin"];
  return folders
    .filter(Boolean)
    .map((folder) => join(folder, "pgbouncer"))
    .find((path) => existsSync(path));
}

const attempts = 3;
const startLimitMs = 15_000;

/**
 * Starts PgBouncer in session pooling, otherwise with its own defaults, in front of the database at `url`.
 */
export async function startPgBouncer(url: string): Promise<PgBouncer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(url, await freePort());
    } catch (error) {
      if (attempt === attempts) throw error;
    }
  }
}

async function start(url: string, port: number): Promise<PgBouncer> {
  const program = findPgBouncer();
  const postgres = findPostgres();
  if (!program) throw new Error("there is no PgBouncer here: install it, on Debian with apt-get install pgbouncer");
  if (typeof postgres === "string") throw new Error(postgres);
  const { hostname, port: behind, username, password, pathname } = new URL(url);
  const folder = mkdtempSync(join(tmpdir(), "interlock-pgbouncer-"));
  const settings = join(folder, "pgbouncer.ini");
  const users = join(folder, "users.txt");
  writeFileSync(users, `"${username}" "${password}"\n`);
  writeFileSync(
    settings,
    `[databases]
${pathname.slice(1)} = host=${hostname} port=${behind}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${users}
pool_mode = session
default_pool_size = 10
`,
  );
  if (postgres.user)
    for (const path of [folder, settings, users]) chownSync(path, postgres.user.uid, postgres.user.gid);
  // It ends with its standard input, and so with this process, however that ends.
  const keeper = '"$0" "$1" & bouncer=$!; cat >/dev/null; kill -INT $bouncer; wait $bouncer';
  const child = spawn("/bin/sh", ["-c", keeper, program, settings], {
    ...postgres.user,
    cwd: folder,
    stdio: ["pipe", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (text) => {
    said = (said + text).slice(-5_000);
  });
  const exited = once(child, "exit");
  const through = new URL(url);
  through.port = String(port);
  async function stop(): Promise<void> {
    child.stdin.end();
    await exited;
    rmSync(folder, { recursive: true, force: true });
  }
  const limit = Date.now() + startLimitMs;
  for (;;) {
    const client = new pg.Client({ connectionString: through.href, connectionTimeoutMillis: 1_000 });
    client.on("error", () => {});
    try {
      await client.connect();
      await client.end();
      return { url: through.href, stop };
    } catch (error) {
      await client.end().catch(() => {});
      if (Date.now() > limit || /address (?:already )?in use/i.test(said)) {
        await stop();
        throw new Error(`PgBouncer does not answer:\n${said}`, { cause: error });
      }
      await sleep(20);
    }
  }
}
