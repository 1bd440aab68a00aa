import assert from "node:assert/strict";
import { chmod, link, mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Generated, sql } from "kysely";
import { runScript } from "../testing/run-script.js";
import { openSqlite } from "./open-sqlite.js";
import { snapshotSqlite } from "./snapshot-sqlite.js";

interface Schema {
  readonly items: { readonly itemId: Generated<number>; readonly fullName: string };
}

describe("openSqlite", () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-sqlite-"));
    path = join(folder, "items.db");
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function openWithItem() {
    const database = openSqlite<Schema>(path);
    await sql`create table items (item_id integer primary key, full_name text)`.execute(database.db);
    await database.db.insertInto("items").values({ fullName: "cup" }).execute();
    return database;
  }

  it("flushes each commit, and keeps foreign keys", async () => {
    const { db, close } = openSqlite(path);
    const pragma = async (name: string) =>
      Object.values((await sql<Record<string, unknown>>`pragma ${sql.raw(name)}`.execute(db)).rows[0] ?? {})[0];
    const full = 2;
    assert.equal(await pragma("synchronous"), full);
    assert.equal(await pragma("journal_mode"), "wal");
    assert.equal(await pragma("foreign_keys"), 1);
    await close();
  });

  it("makes files that are their owner's, also of one that others could read", async () => {
    await writeFile(path, "");
    await chmod(path, 0o644);
    const { close } = await openWithItem();
    for (const file of [path, `${path}-wal`]) assert.equal((await stat(file)).mode & 0o777, 0o600, file);
    await close();
  });

  it("has one clock with this machine", async () => {
    const { db, now, close } = openSqlite<Schema>(path);
    const before = Date.now();
    const { rows } = await sql<{ now: number }>`select ${now} as now`.execute(db);
    // SQLite's clock is a floating-point number of days: it may be off by a millisecond.
    assert.ok((rows[0]?.now ?? 0) >= before - 1 && (rows[0]?.now ?? 0) <= Date.now() + 1);
    await close();
  });

  it("keeps the locks of this process when this process opens and closes the file again", async () => {
    const { db, close } = await openWithItem();
    await sql`begin immediate`.execute(db);
    const elsewhere = () =>
      runScript(`
        import { createRequire } from "node:module";
        const Libsql = createRequire(${JSON.stringify(import.meta.url)})("libsql");
        const database = new Libsql(${JSON.stringify(path)}, { timeout: 0 });
        try {
          database.exec("BEGIN IMMEDIATE");
          console.log("has the lock");
        } catch (error) {
          console.log(error.code);
        }`);
    assert.equal(await elsewhere(), "SQLITE_BUSY");
    await openSqlite(path).close();
    const alias = join(folder, "alias.db");
    await symlink(path, alias);
    await openSqlite(alias).close();
    snapshotSqlite(path, join(folder, "snapshot.db"));
    assert.equal(await elsewhere(), "SQLITE_BUSY");
    await sql`rollback`.execute(db);
    assert.equal(await elsewhere(), "has the lock");
    await close();
  });

  it("refuses a folder, a file with two names, and what is no database, and leaves them alone", async () => {
    const { mode } = await stat(folder);
    assert.throws(() => openSqlite(folder), /that is a folder/);
    assert.equal((await stat(folder)).mode, mode);
    assert.throws(() => openSqlite(join(folder, "nowhere", "x.db")), { code: "ENOENT" });
    await (await openWithItem()).close();
    await link(path, join(folder, "second.db"));
    for (const name of ["items.db", "second.db"]) {
      assert.throws(() => openSqlite(join(folder, name)), /has a second name \(a hard link\)/);
    }
    const letter = join(folder, "letter.txt");
    await writeFile(letter, "Dear Sir or Madam, ".repeat(500));
    assert.throws(() => openSqlite(letter), { code: "SQLITE_NOTADB" });
  });

  it("takes a snapshot of one moment, of a database in use and of one that may only be read", async () => {
    const { db, close } = await openWithItem();
    const snapshot = join(folder, "it's a snapshot.db");
    snapshotSqlite(path, snapshot);
    await db.deleteFrom("items").execute();
    await close();
    await chmod(snapshot, 0o400);
    const again = join(folder, "again.db");
    snapshotSqlite(snapshot, again);
    const copy = openSqlite<Schema>(again);
    assert.deepEqual(await copy.db.selectFrom("items").selectAll().execute(), [{ itemId: 1, fullName: "cup" }]);
    await copy.close();
  });
});
