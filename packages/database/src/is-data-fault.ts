import { InterlockError } from "@interlock/bot";

/** The reason of every error that says that a database cannot hold a value. */
export const valueUnstorable = "VALUE_UNSTORABLE";

// PostgreSQL (appendix A of its manual): a value that is out of range or no text, one that must not be null, one too long for
// an index. SQLite: the same, in its own words.
const dataFaults =
  /^(?:22\w{3}|23502|54000|SQLITE_TOOBIG|SQLITE_MISMATCH|SQLITE_RANGE|SQLITE_CONSTRAINT_(?:NOTNULL|DATATYPE))$/;
const unbindable = /can only bind|Loss of precision/;

/**
 * Whether a statement failed because of the values that it was given, and would succeed with others: the database itself is
 * in order. False for constraints between rows, such as a key that is there already.
 *
 * @param error - What the statement has thrown.
 * @returns True for values that the database cannot hold.
 * @example
 * ```ts
 * if (isDataFault(error)) await writeOneByOne();
 * ```
 */
export function isDataFault(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof InterlockError) return error.reason === valueUnstorable;
  const { code } = error as Error & { readonly code?: unknown };
  if (typeof code === "string" && dataFaults.test(code)) return true;
  return code === undefined && unbindable.test(error.message);
}
