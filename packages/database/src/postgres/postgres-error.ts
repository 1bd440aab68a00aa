import { InterlockError } from "@interlock/bot";
import pg from "pg";
import { valueUnstorable } from "../is-data-fault.js";
import { faultOf, unreachableFor } from "../store-fault.js";

// SQLSTATE (PostgreSQL, appendix A) of errors that pass when PostgreSQL is back, has room again, or is a primary again.
const passing = /^(?:08|28|53|57|3D000|25006|25P03|40001|40P01|55P03)/;

// Values of a query that PostgreSQL cannot hold: too large, no text in UTF-8, no time, too long for an index.
const unstorable = /^(?:22001|22003|22007|22008|22021|22P02|22P05|54000)$/;

/**
 * Turns an error of PostgreSQL into ours: `UNAVAILABLE` with the reason `STORE_UNREACHABLE` for everything that is no fault
 * of the query, so that the caller may try again; `INVALID_ARGUMENT` with `VALUE_UNSTORABLE` for a value of the caller's that
 * PostgreSQL cannot hold. PostgreSQL's own words stay in this process, as the cause.
 */
export function fromPostgres(error: unknown): unknown {
  if (error instanceof InterlockError) return error;
  if (isAnswer(error) && unstorable.test(error.code ?? "")) {
    const message = "The request has a value that the database cannot hold.";
    return new InterlockError("INVALID_ARGUMENT", message, { reason: valueUnstorable, cause: error });
  }
  if (isAnswer(error) && !passing.test(error.code ?? "")) return error;
  const { code } = error as { readonly code?: unknown };
  if (typeof code !== "string" || !/^\w+$/.test(code)) return unreachableFor(error);
  return (isAnswer(error) && faultOf(code, error)) || unreachableFor(error, ` (${code})`);
}

/**
 * Whether PostgreSQL says that it does not write (`read_only_sql_transaction`), as a server does that is no primary any more.
 */
export function isReadOnly(error: unknown): boolean {
  return isAnswer(error) && error.code === "25006";
}

/** Whether PostgreSQL has answered; any other error is the end of the connection. */
export function isAnswer(error: unknown): error is pg.DatabaseError {
  return error instanceof pg.DatabaseError;
}
