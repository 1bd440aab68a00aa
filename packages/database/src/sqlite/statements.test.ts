import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { holdSqlite } from "@interlock/testing-processes";
import { sql } from "kysely";
import Libsql from "libsql";
import type { Database } from "../database.js";
import { openSqlite } from "./open-sqlite.js";
import { createStatements } from "./statements.js";

interface Schema {
  readonly items: { readonly itemId: number; readonly fullName: string };
}

const busy = { code: "SQLITE_BUSY" };

describe("statements of SQLite, while another process holds the database", () => {
  let folder: string;
  let path: string;
  let database: Database<Schema>;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-statements-"));
    path = join(folder, "items.db");
    database = openSqlite<Schema>(path);
    await sql`create table items (item_id integer primary key, full_name text)`.execute(database.db);
    await sql`pragma busy_timeout=20`.execute(database.db);
  });
  afterEach(() => rm(folder, { recursive: true }));

  const insert = (itemId: number, db = database.db) => db.insertInto("items").values({ itemId, fullName: "cup" });
  const ids = async () =>
    (await database.db.selectFrom("items").select("itemId").execute()).map(({ itemId }) => itemId);

  it("fail, and the database works as before once it is let go: transactions, single statements, close", async () => {
    const holder = await holdSqlite(path);
    const { db } = database;
    await assert.rejects(insert(1).execute(), busy);
    await assert.rejects(insert(1).returning("itemId").execute(), busy, "one that gives rows");
    await assert.rejects(
      db.transaction().execute((transaction) => insert(1, transaction).execute()),
      busy,
      "the error is that of the statement, and not that of the rollback",
    );
    await assert.rejects(
      db.transaction().execute(async (transaction) => {
        await transaction.selectFrom("items").selectAll().execute();
        await insert(1, transaction).execute();
      }),
      busy,
      "one that has read before",
    );
    assert.deepEqual(await ids(), [], "reading goes on");
    await holder.release();
    await db.transaction().execute(async (transaction) => {
      await insert(1, transaction).execute();
      await insert(2, transaction).returning("itemId").execute();
    });
    assert.deepEqual(await ids(), [1, 2]);
    await database.close();
  });

  it("fail when they read and may not even do that, and the connection works as before", async () => {
    const other = join(folder, "other.db"); // With a rollback journal, where a writer also keeps readers away.
    const connection = new Libsql(other);
    connection.exec("create table items (item_id integer primary key)");
    const { prepare } = createStatements(connection);
    const holder = await holdSqlite(other, "begin exclusive");
    assert.throws(() => prepare("select count(*) as n from items").all([]), busy);
    assert.throws(() => prepare("insert into items values (?)").run([1]), busy);
    await holder.release();
    assert.deepEqual(prepare("select count(*) as n from items").all([]), [{ n: 0 }]);
    for (const text of ["begin", "insert into items values (2)", "commit"]) prepare(text).run([]);
    assert.deepEqual(prepare("select item_id from items").all([]), [{ item_id: 2 }]);
    connection.close();
  });

  it("are closed while it is held", async () => {
    const holder = await holdSqlite(path);
    await assert.rejects(insert(1).execute(), busy);
    await database.close();
    await holder.release();
    await openSqlite(path).close();
  });

  it("say why they failed when SQLite itself has rolled back", async () => {
    const { db } = database;
    await sql`pragma max_page_count=4`.execute(db);
    const full = db.transaction().execute(async (transaction) => {
      await insert(1, transaction).execute();
      await transaction
        .insertInto("items")
        .values({ itemId: 2, fullName: "x".repeat(100_000) })
        .execute();
    });
    await assert.rejects(full, { code: "SQLITE_FULL" });
    await sql`pragma max_page_count=1000`.execute(db);
    await db.transaction().execute((transaction) => insert(3, transaction).execute());
    assert.deepEqual(await ids(), [3]);
    await database.close();
  });
});
