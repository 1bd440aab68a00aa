import { InterlockError } from "@interlock/bot";

/** Where a PostgreSQL store is. */
export interface PostgresAddress {
  /** With the password: never shown to anybody. */
  readonly url: string;
  /** `host:port/database`, for people. */
  readonly shown: string;
  readonly password: string;
}

/**
 * Reads `postgres://user:password@host:port/database`. A host that is not this machine is spoken to over TLS, with its
 * certificate verified, unless the URL has an `sslmode` of its own. Throws `INVALID_ARGUMENT`, and never says the URL.
 */
export function parsePostgresUrl(text: string): PostgresAddress {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw malformed(); // Without its cause, which holds the text.
  }
  if (!["postgres:", "postgresql:"].includes(url.protocol) || url.pathname.length < 2) throw malformed();
  const here = ["", "localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  if (!here && !url.searchParams.has("sslmode")) url.searchParams.set("sslmode", "verify-full");
  let password: string;
  try {
    password = decodeURIComponent(url.password);
  } catch {
    throw malformed();
  }
  return { url: url.href, shown: `${url.hostname}:${url.port || 5432}${url.pathname}`, password };
}

function malformed(): InterlockError {
  return new InterlockError(
    "INVALID_ARGUMENT",
    "The store's address is malformed: write postgres://user:password@host:port/database.",
  );
}
