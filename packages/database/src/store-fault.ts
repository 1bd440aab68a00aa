import { InterlockError } from "@interlock/bot";

/** The reason of every error that says that a database does not work for now. */
export const storeUnreachable = "STORE_UNREACHABLE";

/** What keeps a database from working, and what to do, by the codes of SQLite and of PostgreSQL (its manual, appendix A). */
const problems: readonly (readonly [codes: RegExp, problem: string, remedy: string])[] = [
  [/^(?:SQLITE_FULL|53100)$/, "The disk of the database is full", "free some space on it"],
  [/^SQLITE_IOERR/, "The disk of the database fails", "see to it"],
  [/^(?:SQLITE_READONLY|25006$)/, "The database may only be read", "let it be written"],
  [/^(?:SQLITE_(?:BUSY|LOCKED)|55P03$)/, "Another process holds the database", "let it finish, or end it"],
  [/^SQLITE_CANTOPEN/, "The file of the database cannot be opened", "see to its folder and its owner"],
  [/^(?:SQLITE_NOMEM|53200)$/, "The database has no memory left", "give it more"],
  [/^53300$/, "The database takes no more connections", "raise max_connections, or close some"],
  [/^57014$/, "The database took too long", "see what else it is doing"],
];

/** The error for a code that says what keeps a database from working; `undefined` for another code. */
export function faultOf(code: string, cause: unknown): InterlockError | undefined {
  const [, problem, remedy] = problems.find(([codes]) => codes.test(code)) ?? [];
  if (problem === undefined) return undefined;
  const message = `${problem} (${code}): ${remedy}, and try again.`;
  return new InterlockError("UNAVAILABLE", message, { reason: storeUnreachable, cause });
}

/** The error that says that the database cannot be reached for now. `cause` stays in this process. */
export function unreachableFor(cause: unknown, detail = ""): InterlockError {
  const message = `The database cannot be reached${detail}: try again.`;
  return new InterlockError("UNAVAILABLE", message, { reason: storeUnreachable, cause });
}

/**
 * Turns an error of SQLite into ours, `UNAVAILABLE` with the reason `STORE_UNREACHABLE` and its cause in words, where the
 * database does not work for now: a full disk, a file that may only be read, another process that holds it. Any other error
 * is returned as it is.
 *
 * @param error - What a query has thrown.
 * @returns The error to throw instead.
 * @example
 * ```ts
 * await insert.execute().catch((error) => {
 *   throw fromSqlite(error);
 * });
 * ```
 */
export function fromSqlite(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof InterlockError) return error;
  const { code } = error as Error & { readonly code?: unknown };
  if (typeof code !== "string" || !code.startsWith("SQLITE_")) return error;
  return faultOf(code, error) ?? error;
}
