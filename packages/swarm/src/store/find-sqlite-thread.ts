import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { InterlockError } from "@interlock/bot";

/**
 * Finds the module of the thread for SQLite: beside `module`, which is the code that runs, and where that is a bundle, in
 * the installed package.
 *
 * @param module - The URL of the running module. A bundle of CommonJS has none; then that of the program is used.
 * @throws `FAILED_PRECONDITION` when there is none.
 */
export function findSqliteThread(module: string | undefined): string {
  const from = module === undefined ? (process.argv[1] ?? join(process.cwd(), "program")) : fileURLToPath(module);
  for (const name of ["sqlite-thread.js", "sqlite-thread.mjs", "sqlite-thread.cjs"]) {
    const beside = join(dirname(from), name);
    if (existsSync(beside)) return beside;
  }
  try {
    return createRequire(from).resolve("@interlock/swarm/sqlite-thread");
  } catch (cause) {
    throw new InterlockError(
      "FAILED_PRECONDITION",
      `The thread for SQLite is not beside ${from}: bundle "@interlock/swarm/sqlite-thread" as a second entry called ` +
        "sqlite-thread, or keep @interlock/swarm out of the bundle.",
      { cause },
    );
  }
}
