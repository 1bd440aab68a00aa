import { InterlockError } from "@interlock/bot";

/** Where a Redis is, and how to log in there. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** The number of the database. */
  readonly db: number;
  /** `host:port`, for people. */
  readonly shown: string;
}

/**
 * Reads `redis://user:password@host:6379/0`, or `rediss://` for TLS.
 *
 * @throws InterlockError `INVALID_ARGUMENT`. Its message and its cause hold nothing of the URL, which may hold a password.
 */
export function readRedisUrl(text: string): RedisAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !["redis:", "rediss:"].includes(url.protocol) || url.hostname === "") {
    throw invalid("is none: write redis://host:6379, or rediss://user:password@host:6379 for TLS");
  }
  if (url.search !== "" || url.hash !== "") throw invalid('has a "?" or "#": percent-encode them in a password');
  if (!/^(\/\d{0,9})?$/.test(url.pathname))
    throw invalid('may have the number of a database after the host, as in "/0"');
  const port = url.port === "" ? 6_379 : Number(url.port);
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port,
    tls: url.protocol === "rediss:",
    username: decoded(url.username),
    password: decoded(url.password),
    db: Number(url.pathname.slice(1)),
    shown: `${url.hostname}:${port}`,
  };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text) || undefined;
  } catch {
    throw invalid('has a "%" in its user or password that is not percent-encoded: write %25');
  }
}

function invalid(fault: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", `The URL of Redis ${fault}.`);
}
