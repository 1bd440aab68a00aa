import { existsSync, readdirSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";

/** PostgreSQL's programs, and the user to run them as. */
export interface PostgresBinaries {
  /** The folder of `initdb`, `postgres` and `pg_dump`. */
  readonly folder: string;
  /** The user to run them as, because they refuse to run as root; absent if this process is not root. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

/** Finds a PostgreSQL server of version 14 or later. Returns a sentence that says how to get one if there is none. */
export function findPostgres(): PostgresBinaries | string {
  const folder = candidates().find((path) => ["initdb", "postgres"].every((name) => existsSync(join(path, name))));
  if (!folder) return "there is no PostgreSQL here: install it, on Debian with apt-get install postgresql";
  if (process.getuid?.() !== 0) return { folder };
  const user = accounts().get("postgres") ?? accounts().get("nobody");
  return user
    ? { folder, user }
    : "PostgreSQL does not run as root, and there is no other user: add one named postgres";
}

// Debian and Homebrew keep the server outside the PATH, in one folder per version.
function candidates(): string[] {
  const said = process.env.INTERLOCK_POSTGRES_BIN;
  if (said) return [said];
  const versioned = [
    ...versionsIn("/usr/lib/postgresql", /^(\d+)$/),
    ...versionsIn("/opt/homebrew/opt", /^postgresql@(\d+)$/),
    ...versionsIn("/usr/local/opt", /^postgresql@(\d+)$/),
  ];
  const onPath = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  return [...versioned.sort((a, b) => b.version - a.version).map(({ path }) => path), ...onPath];
}

function versionsIn(parent: string, pattern: RegExp): { version: number; path: string }[] {
  if (!existsSync(parent)) return [];
  return readdirSync(parent)
    .map((name) => ({ version: Number(pattern.exec(name)?.[1]), path: join(parent, name, "bin") }))
    .filter(({ version }) => version >= 14);
}

function accounts(): ReadonlyMap<string, { uid: number; gid: number }> {
  const lines = readFileSync("/etc/passwd", "utf8").split("\n");
  return new Map(
    lines.map((line) => {
      const [name = "", , uid, gid] = line.split(":");
      return [name, { uid: Number(uid), gid: Number(gid) }];
    }),
  );
}
