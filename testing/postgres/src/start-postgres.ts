import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "@interlock/testing-processes";
import pg from "pg";
import { findPostgres, type PostgresBinaries } from "./find-postgres.js";

/** The options of a server. */
export interface PostgresOptions {
  /**
   * Settings of the server by their names, over those of a test server. A commit reaches the disk where they leave `fsync` on;
   * Interlock opens no other database. Default: none.
   */
  readonly settings?: Settings;
}

type Settings = Readonly<Record<string, string>>;

/** A PostgreSQL server of one's own, on a free port of 127.0.0.1. */
export interface Postgres {
  /** The folder of its programs, such as `pg_dump`. */
  readonly programs: string;
  /** Creates a new, empty database, and resolves to its URL. */
  createDatabase(): Promise<string>;
  /** Removes a database, even with open connections. */
  dropDatabase(url: string): Promise<void>;
  /** Crashes the server: no shutdown, no checkpoint, as when its machine stops. */
  crash(): Promise<void>;
  /** Starts it again on the same data and port, after {@link crash}. */
  restart(): Promise<void>;
  /** Stops the server, and removes everything. The server also ends with this process, however that ends. */
  stop(): Promise<void>;
}

// When the pipe from this process ends, the server and its folder go, too. A process that exits in order has removed the
// folder already: then only the mark fails.
const keeper = `
exec 3<&0
"$0" "$@" 3<&- & server=$!
( cat <&3 >/dev/null 2>&1; kill -0 $server && { touch abandoned; kill -QUIT $server; } ) 2>/dev/null &
wait $server
[ -e abandoned ] && rm -rf "$PWD"
`;

const attempts = 3;
const startLimitMs = 30_000;

/**
 * Starts a PostgreSQL server in a new temporary folder. That takes about two seconds, so start one for all tests of a
 * process and give each test its own database. Rejects with instructions if PostgreSQL is not installed.
 *
 * ```ts
 * const postgres = await startPostgres();
 * const url = await postgres.createDatabase();
 * ```
 */
export async function startPostgres({ settings = {} }: PostgresOptions = {}): Promise<Postgres> {
  const binaries = findPostgres();
  if (typeof binaries === "string") throw new Error(binaries);
  const folder = mkdtempSync(join(tmpdir(), "interlock-postgres-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const data = join(folder, "data");
  const password = randomBytes(18).toString("base64url");
  let server: Server;
  try {
    await initialize(binaries, folder, data, password);
    server = await startOnFreePort(binaries, folder, data, password, settings);
  } catch (error) {
    remove();
    throw error;
  }
  const { port } = server;
  process.on("exit", remove);
  let databases = 0;

  async function asAdmin(text: string): Promise<void> {
    const client = new pg.Client(urlOf(port, password, "postgres"));
    await client.connect();
    await client.query(text).finally(() => client.end());
  }

  return {
    programs: binaries.folder,
    async createDatabase() {
      const name = `test${++databases}`;
      await asAdmin(`create database ${name}`);
      return urlOf(port, password, name);
    },
    dropDatabase: (url) => asAdmin(`drop database if exists ${new URL(url).pathname.slice(1)} with (force)`),
    crash: () => server.end(),
    async restart() {
      server = await run(binaries, folder, data, port, password, settings);
    },
    async stop() {
      await server.end();
      process.off("exit", remove);
      remove();
    },
  };
}

function urlOf(port: number, password: string, database: string): string {
  return `postgres://interlock:${password}@127.0.0.1:${port}/${database}`;
}

async function initialize(
  { folder: programs, user }: PostgresBinaries,
  folder: string,
  data: string,
  password: string,
): Promise<void> {
  const passwordFile = join(folder, "password");
  writeFileSync(passwordFile, password, { mode: 0o600 });
  chmodSync(folder, 0o700);
  if (user) for (const path of [folder, passwordFile]) chownSync(path, user.uid, user.gid);
  const options = ["--auth=scram-sha-256", `--pwfile=${passwordFile}`, "--username=interlock", "--encoding=UTF8"];
  const child = spawn(join(programs, "initdb"), ["-D", data, "--no-sync", "--locale=C", ...options], {
    ...user,
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = collect(child);
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`initdb ended with ${code}:\n${said()}`);
}

interface Server {
  readonly port: number;
  end(): Promise<void>;
}

// PostgreSQL cannot choose a free port itself, so another process may take the port before PostgreSQL binds it.
async function startOnFreePort(
  binaries: PostgresBinaries,
  folder: string,
  data: string,
  password: string,
  settings: Settings,
): Promise<Server> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run(binaries, folder, data, await freePort(), password, settings);
    } catch (error) {
      if (attempt === attempts) throw error;
    }
  }
}

async function run(
  { folder: programs, user }: PostgresBinaries,
  folder: string,
  data: string,
  port: number,
  password: string,
  settings: Settings,
): Promise<Server> {
  const all = {
    listen_addresses: "127.0.0.1",
    port,
    unix_socket_directories: "",
    max_connections: 200,
    shared_buffers: "16MB",
    autovacuum: "off",
    ...settings,
  };
  const args = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const child = spawn("/bin/sh", ["-c", keeper, join(programs, "postgres"), "-D", data, ...args], {
    ...user,
    cwd: folder,
    detached: true, // A signal may go to the whole process group; the keeper must survive it to clean up.
    stdio: ["pipe", "pipe", "pipe"],
  });
  const said = collect(child);
  const exited = once(child, "exit");
  async function end(): Promise<void> {
    if (child.exitCode === null) child.ref();
    const postmaster = postmasterOf(data);
    if (postmaster) process.kill(postmaster, "SIGQUIT");
    await exited;
    child.stdin?.end();
  }
  try {
    await untilReady(urlOf(port, password, "postgres"), child, said);
  } catch (error) {
    await end();
    throw error;
  }
  // A test that forgets to stop the server must still be able to end.
  child.unref();
  for (const stream of child.stdio) (stream as { unref?(): void } | null)?.unref?.();
  return { port, end };
}

async function untilReady(url: string, child: ChildProcess, said: () => string): Promise<void> {
  const limit = Date.now() + startLimitMs;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`postgres ended with ${child.exitCode}:\n${said()}`);
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1_000 });
    client.on("error", () => {});
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      await client.end().catch(() => {});
      if (Date.now() > limit) throw new Error(`postgres does not answer:\n${said()}`, { cause: error });
      await sleep(20);
    }
  }
}

function postmasterOf(data: string): number | undefined {
  try {
    return Number(readFileSync(join(data, "postmaster.pid"), "utf8").split("\n")[0]) || undefined;
  } catch {
    return undefined; // It has ended already.
  }
}

function collect(child: ChildProcess): () => string {
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk) => {
      text = (text + chunk).slice(-10_000);
    });
  }
  return () => text;
}
