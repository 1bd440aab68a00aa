import assert from "node:assert/strict";
import { InterlockError } from "@interlock/bot";
import pg from "pg";
import { fromPostgres } from "./postgres/postgres-error.js";
import { fromSqlite } from "./store-fault.js";

describe("a database that does not work for now", () => {
  const withCode = (code: string) => Object.assign(new Error("its own words"), { code });
  function postgres(code: string): pg.DatabaseError {
    return Object.assign(new pg.DatabaseError("its own words", 0, "error"), { code });
  }

  for (const [code, problem] of [
    ["SQLITE_FULL", /^The disk of the database is full \(SQLITE_FULL\): free some space on it, and try again\.$/],
    ["SQLITE_IOERR_FSYNC", /^The disk of the database fails/],
    ["SQLITE_READONLY_DIRECTORY", /^The database may only be read/],
    ["SQLITE_BUSY_SNAPSHOT", /^Another process holds the database/],
    ["SQLITE_CANTOPEN", /cannot be opened/],
    ["53100", /^The disk of the database is full \(53100\)/],
    ["25006", /^The database may only be read/],
    ["53300", /takes no more connections/],
    ["57014", /^The database took too long/],
    ["57P01", /^The database cannot be reached \(57P01\): try again\.$/],
  ] as const) {
    it(`is told as what it is: ${code}`, () => {
      const error = code.startsWith("SQLITE") ? fromSqlite(withCode(code)) : fromPostgres(postgres(code));
      assert.ok(error instanceof InterlockError);
      assert.deepEqual([error.code, error.reason], ["UNAVAILABLE", "STORE_UNREACHABLE"]);
      assert.match(error.message, problem);
      assert.doesNotMatch(error.message, /its own words/);
    });
  }

  it("is not what a query without a row, or an error of ours, says", () => {
    const ours = new InterlockError("NOT_FOUND", "no");
    for (const error of [withCode("SQLITE_CONSTRAINT_UNIQUE"), withCode("ENOENT"), new Error("x"), "text", ours]) {
      assert.equal(fromSqlite(error), error);
    }
  });
});
