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
 * @param text - The path or the URL.
 * @returns The kind of database, and where it is.
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
  if (text === "" || /^([\w+.-]{2,})?:/.test(text) || conninfo.test(text)) {
    throw malformed(text, `the path of a file, or ${postgresForm}`);
  }
  return { engine: "sqlite", path: text };
}

/**
 * Reads `postgres://user:password@host:port/database`. A host that is not this machine is reached over TLS, with its
 * certificate verified, when the URL has no `sslmode` of its own.
 *
 * @param text - The URL.
 * @returns The address. Its `shown` has no password and may be printed.
 * @throws `INVALID_ARGUMENT` when the URL is malformed. The URL is not in the error.
 */
export function parsePostgresUrl(text: string): PostgresAddress {
  let url: URL;
  let host: string;
  let passwords: string[];
  try {
    url = new URL(text.replace(uselessZone, "[$1]"));
    host = hostOf(url);
    passwords = passwordsOf(url);
  } catch {
    throw malformed(text, postgresForm); // The cause holds the text, so it is left out.
  }
  if (!/^postgres(ql)?:\/\/[^/]*\/./i.test(url.href)) throw malformed(text, postgresForm);
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

/** A connection string of libpq, such as `host=db.example dbname=cafe`. */
const conninfo = /^\s*(?:host|hostaddr|port|dbname|user|password)\s*=/i;

/** The zone of an IPv6 address that is not link-local says nothing (RFC 4007), and a URL cannot hold it. */
const uselessZone = /(?<=[/@])\[(?!fe[89ab])([0-9a-f:.]+)%[^\]@/]*\]/i;

/** What is wrong with an address, where that can be told, without a part of it that may be a password. */
const problems: readonly (readonly [form: RegExp, problem: string])[] = [
  [/^(?!postgres(?:ql)?:)[a-z][a-z0-9+.-]+:\/\//i, "it is the URL of something else than a PostgreSQL database"],
  [conninfo, "it is a connection string of libpq, and not a URL"],
  [
    /\[fe[89ab][^\]]*%/i,
    "a URL cannot hold the zone of a link-local address: add ?host=fe80::1%25eth0 to it, or use a name",
  ],
  [/:\d+\/[^@]*$/, "a port is 1 to 65535"],
  [/#|@.*@|%(?![0-9a-f]{2})/i, "in a password, write # as %23, @ as %40, / as %2F and % as %25"],
];

function malformed(text: string, form: string): InterlockError {
  const [, problem] = problems.find(([wrong]) => wrong.test(text)) ?? [];
  const told = problem === undefined ? "" : ` (${problem})`;
  return new InterlockError("INVALID_ARGUMENT", `The database's address is malformed${told}: write ${form}.`);
}
