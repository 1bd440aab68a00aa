import { denial } from "@interlock/bot/internal";
import pg from "pg";

// SQLSTATE (PostgreSQL, appendix A): what passes when PostgreSQL is back, has room again, or is a primary once more.
const passing = /^(?:08|28|53|57|3D000|25006|25P03|40001|40P01|55P03)/;

/**
 * An error of PostgreSQL as we throw it: `STORE_UNREACHABLE` for everything that is no fault of the query's, so that a
 * caller may try again. What PostgreSQL said stays in this process, as its cause.
 */
export function fromPostgres(error: unknown): unknown {
  if (isAnswer(error) && !passing.test(error.code ?? "")) return error;
  return denial("STORE_UNREACHABLE", "try again", {}, error);
}

/** Whether PostgreSQL answered; anything else is the connection's end. */
export function isAnswer(error: unknown): error is pg.DatabaseError {
  return error instanceof pg.DatabaseError;
}
