import assert from "node:assert/strict";
import { inspect } from "node:util";
import { InterlockError } from "@interlock/bot";
import type { Postgres } from "@interlock/testing-postgres";
import { sql } from "kysely";
import { isDataFault } from "../is-data-fault.js";
import { asAdmin, hasPostgres, openTestDatabase, testPostgres } from "../testing/test-postgres.js";
import type { PostgresDatabase } from "./open-postgres.js";

const writable = "set default_transaction_read_only = off";

interface Schema {
  readonly items: { readonly itemId: number; readonly fullName: string };
}

(hasPostgres ? describe : () => {})("openPostgres", () => {
  let postgres: Postgres;
  let url: string;
  let opened: PostgresDatabase<Schema>[];
  beforeEach(async () => {
    postgres = await testPostgres();
    url = await postgres.createDatabase();
    opened = [];
  });
  afterEach(async () => {
    for (const each of opened) await each.close();
    await postgres.dropDatabase(url);
  });

  async function open(at = url) {
    const database = await openTestDatabase<Schema>(at);
    opened.push(database);
    return database;
  }

  it("says of a value that it cannot hold that it is the caller's, and goes on", async () => {
    const { db } = await open();
    await sql`create table items (item_id bigint, full_name text)`.execute(db);
    for (const item of [
      { itemId: 2 ** 64, fullName: "cup" },
      { itemId: Number.NaN, fullName: "cup" },
      { itemId: 1, fullName: "c\0up" },
    ]) {
      await assert.rejects(db.insertInto("items").values(item).execute(), (error) => {
        assert.ok(error instanceof InterlockError && isDataFault(error));
        assert.deepEqual([error.code, error.reason], ["INVALID_ARGUMENT", "VALUE_UNSTORABLE"]);
        return true;
      });
    }
    await assert.rejects(sql`select * from nowhere`.execute(db), (error) => !isDataFault(error));
    await db.insertInto("items").values({ itemId: 1, fullName: "cup" }).execute();
  });

  it("reads big numbers as numbers, and writes columns in snake_case", async () => {
    const { db, now } = await open();
    await sql`create table items (item_id bigint, full_name text)`.execute(db);
    await db
      .insertInto("items")
      .values({ itemId: 2 ** 52, fullName: "cup" })
      .execute();
    assert.deepEqual(await db.selectFrom("items").selectAll().execute(), [{ itemId: 2 ** 52, fullName: "cup" }]);
    const { rows } = await sql<{ now: number }>`select ${now} as now`.execute(db);
    assert.ok(Math.abs((rows[0]?.now ?? 0) - Date.now()) < 60_000);
  });

  it("runs what is exclusive one at a time, over several pools and with more waiting than there are connections", async () => {
    const [one, two] = [await open(), await open()];
    let running = 0;
    const alone = (database: PostgresDatabase<Schema>) =>
      database.exclusively(async () => {
        assert.equal(++running, 1);
        await sql`select 1`.execute(database.db);
        running--;
      });
    await Promise.all([one, two].flatMap((database) => Array.from({ length: 8 }, () => alone(database))));
  });

  it("tells of notifications once they are committed, and of connections that are there again", async () => {
    const [one, two] = [await open(), await open()];
    const heard: (string | undefined)[] = [];
    let wake = () => {};
    const next = async (count: number) => {
      while (heard.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    };
    two.listen("Some Channel", (payload) => {
      heard.push(payload);
      wake();
    });
    await next(1);
    await one.db.transaction().execute(async (transaction) => {
      await one.lock(transaction, 8);
      await one.notify(transaction, "Some Channel", "news");
      assert.equal(heard.length, 1);
    });
    await next(2);
    const others = "pid <> pg_backend_pid() and query like 'listen%'";
    await asAdmin(url, `select pg_terminate_backend(pid) from pg_stat_activity where ${others}`);
    await next(3);
    assert.deepEqual(heard, [undefined, "news", undefined]);
  });

  it("replaces a connection that is cut between two queries", async () => {
    const { db } = await open();
    const work = db.transaction().execute(async (transaction) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(transaction);
      await asAdmin(url, `select pg_terminate_backend(${rows[0]?.pid}, 5000)`);
      await sql`select 1`.execute(transaction);
    });
    await assert.rejects(work, { code: "UNAVAILABLE", reason: "STORE_UNREACHABLE" });
    assert.equal((await sql`select 1`.execute(db)).rows.length, 1);
  });

  it("throws away sessions that cannot write, with all that were opened before, and writes again", async () => {
    const name = new URL(url).pathname.slice(1);
    const { db } = await open();
    await sql`create table items (item_id bigint, full_name text)`.execute(db);
    const insert = (itemId: number) => db.insertInto("items").values({ itemId, fullName: "cup" }).execute();
    const pids = async () => {
      const three = [1, 2, 3].map(() =>
        sql<{ pid: number }>`select pg_backend_pid() as pid, pg_sleep(0.05)`.execute(db),
      );
      return new Set((await Promise.all(three)).map(({ rows }) => rows[0]?.pid));
    };
    // As a fail-over leaves them: each session that begins meanwhile stays read-only for as long as it lasts.
    await asAdmin(url, `alter database ${name} set default_transaction_read_only = on`);
    await asAdmin(
      url,
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'interlock test'",
    );
    let meanwhile: Set<number | undefined> | undefined;
    while (!meanwhile) meanwhile = await pids().catch(() => undefined); // It may meet some that were just ended.
    assert.equal(meanwhile.size, 3);
    await Promise.all(
      [1, 2, 3].map((id) => assert.rejects(insert(id), { code: "UNAVAILABLE", reason: "STORE_UNREACHABLE" })),
    );
    await pids();
    await asAdmin(url, writable, `alter database ${name} reset default_transaction_read_only`);
    await assert.rejects(insert(4), { reason: "STORE_UNREACHABLE" });
    await insert(5);
    await db.transaction().execute((transaction) => transaction.deleteFrom("items").execute());
    for (const pid of await pids()) assert.ok(!meanwhile.has(pid), "none of them is left, not even for reading");
  });

  it("bounds statements and transactions in each session, also behind a pooler", async () => {
    const { db } = await open();
    const read = sql<Record<string, string>>`select current_setting('statement_timeout') as s,
      current_setting('idle_in_transaction_session_timeout') as i`;
    assert.deepEqual((await read.execute(db)).rows, [{ s: "5s", i: "5s" }]);
  });

  it("says why it cannot be opened, and never the password", async () => {
    const wrong = new URL(url);
    wrong.password = "open%20sesame";
    const nowhere = new URL(url);
    nowhere.pathname = "/nowhere";
    const closed = new URL(url);
    closed.port = "1";
    for (const [at, why] of [
      [wrong, /authentication failed/],
      [nowhere, /"nowhere" does not exist/],
      [closed, /ECONNREFUSED/],
    ] as const) {
      await assert.rejects(open(at.href), (error) => {
        assert.ok(error instanceof InterlockError);
        assert.deepEqual([error.code, error.reason], ["UNAVAILABLE", "STORE_UNREACHABLE"]);
        assert.match(error.message, why);
        assert.ok(error.message.includes(`${at.host}${at.pathname}`));
        assert.ok(!inspect(error).includes(at.password) && !inspect(error).includes("open sesame"));
        return true;
      });
    }
  });
});
