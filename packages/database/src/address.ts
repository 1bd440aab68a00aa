import { InterlockError } from "@interlock/bot";

/** Where an SQLite database is. */
export interface SqliteAddress {
  readonly engine: "sqlite";
  /** The path of its file. */
  readonly path: string;
}

/** Where a PostgreSQL database is. */
export interface PostgresAddress {
  readonly engine: "postgres";
  /** The URL with the password: never print it. */
  readonly url: string;
  /** `host:port/database`, for people. */
  readonly shown: string;
  /** Takes the password out of a text. */
  conceal(text: string): string;
}

/** Where a database is. */
export type DatabaseAddress = SqliteAddress | PostgresAddress;

const postgresForm = "postgres://user:password@host:port/database";

/**
 * Reads the address of a database: `postgres://…` or `postgresql://…` names a PostgreSQL database, and everything without
 * a scheme is the path of an SQLite file. A single letter before the colon is a drive of Windows.
 *
 * @throws `INVALID_ARGUMENT` for anything else. The text is not in the error, because a password may be in it.
 *
 * @example
 * ```ts
 * parseDatabaseUrl("tasks.db");
 * parseDatabaseUrl("postgres://swarm:secret@db.example:5432/swarm");
 * ```
 */
export function parseDatabaseUrl(text: string): DatabaseAddress {
  if (/^postgres(ql)?:/i.test(text)) return parsePostgresUrl(text);
  if (text === "" || /^([\w+.-]{2,})?:/.test(text)) throw malformed(`the path of a file, or ${postgresForm}`);
  return { engine: "sqlite", path: text };
}

/**
 * Reads `postgres://user:password@host:port/database`. A host that is not this machine is reached over TLS, with its
 * certificate verified, when the URL has no `sslmode` of its own.
 *
 * @throws `INVALID_ARGUMENT` when the URL is malformed. The URL is not in the error.
 */
export function parsePostgresUrl(text: string): PostgresAddress {
  let url: URL;
  let host: string;
  let passwords: string[];
  try {
    url = new URL(text);
    host = hostOf(url);
    passwords = passwordsOf(url);
  } catch {
    throw malformed(postgresForm); // The cause holds the text, so it is left out.
  }
  if (!/^postgres(ql)?:\/\/[^/]*\/./i.test(url.href)) throw malformed(postgresForm);
  if (!isThisMachine(host) && !url.searchParams.has("sslmode")) url.searchParams.set("sslmode", "verify-full");
  const port = url.searchParams.getAll("port").at(-1) || url.port || process.env.PGPORT || "5432";
  return {
    engine: "postgres",
    url: url.href,
    shown: `${host}:${port}${url.pathname}`,
    conceal: (said) => passwords.reduce((safe, password) => safe.replaceAll(password, "…"), said),
  };
}

/** The host to which `pg` connects: the parameter `host` comes before the host in front of the path. */
function hostOf(url: URL): string {
  const named = url.searchParams.getAll("host").at(-1) || decodeURIComponent(url.hostname);
  return named || process.env.PGHOST || "localhost";
}

// A path is the folder of a Unix socket.
function isThisMachine(host: string): boolean {
  return host.startsWith("/") || ["localhost", "127.0.0.1", "::1", "[::1]"].includes(host);
}

/** Every form of the password that an error could quote, the longest first. */
function passwordsOf(url: URL): string[] {
  const given = [url.password, ...url.searchParams.getAll("password"), process.env.PGPASSWORD ?? ""];
  const forms = [...given, decodeURIComponent(url.password)].filter((each) => each !== "");
  return forms.sort((a, b) => b.length - a.length);
}

function malformed(form: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", `The database's address is malformed: write ${form}.`);
}
