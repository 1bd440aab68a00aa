import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** Another process that holds an SQLite database. */
export interface SqliteHolder {
  /** Lets go of the database, and ends the process. */
  release(): Promise<void>;
}

/**
 * Has another process hold an SQLite database, as a backup does. `how` is what it runs; `begin immediate` keeps others from
 * writing.
 */
export async function holdSqlite(path: string, how = "begin immediate"): Promise<SqliteHolder> {
  const script = `
    import { createRequire } from "node:module";
    const Libsql = createRequire(${JSON.stringify(import.meta.url)})("libsql");
    const database = new Libsql(${JSON.stringify(path)}, { timeout: 1000 });
    database.exec(${JSON.stringify(how)});
    process.stdin.once("end", () => process.exit());
    process.stdin.resume();
    console.log("held");`;
  const child: ChildProcess = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const held = child.stdout ? once(child.stdout, "data") : exited;
  await Promise.race([held, exited.then(([code]) => Promise.reject(new Error(`it ended with ${code}`)))]);
  return {
    async release() {
      child.stdin?.end();
      await exited;
    },
  };
}
